from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from accounts import account, signup, views
from accounts.forms import LoginForm

urlpatterns = [
    path("", views.home, name="home"),
    path("signup/", signup.phone, name="signup"),
    path("signup/code/", signup.code, name="signup_code"),
    path("signup/details/", signup.details, name="signup_details"),
    path(
        "login/",
        LoginView.as_view(
            authentication_form=LoginForm, template_name="accounts/login.html", redirect_authenticated_user=True
        ),
        name="login",
    ),
    path("login/code/", views.login_by_code, name="login_by_code"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("reset/", views.reset_password, name="reset_password"),
    path("account/", account.show, name="account"),
    path("account/phone/", account.change_phone, name="change_phone"),
    path("account/phone/code/", account.change_phone_code, name="change_phone_code"),
]
