"""Django REST framework: the permission, the fields, and what drf-spectacular says of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("django")
pytest.importorskip("rest_framework")

from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.http import HttpRequest
from django.test import override_settings
from django.urls import path
from django.utils import translation
from rest_framework import serializers, status
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import CreateAPIView
from rest_framework.permissions import AllowAny, IsAdminUser, IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from django_uzotp import get_verifier, send_code, verify_code
from django_uzotp.contrib.drf import HasProof, PhoneField, ProofField, RedeemsProofs
from tests.ecosystem.people.models import User
from uzotp.errors import InvalidProof, StoreUnavailable
from uzotp.phones import Phone
from uzotp.settings.build import overrides
from uzotp.testing import FakeClock, Outbox, installed

NUMBER, OTHER = "+998901234567", "+998901234568"


class SignUp(RedeemsProofs, serializers.Serializer):
    name = serializers.CharField(max_length=20)
    password = serializers.CharField(write_only=True)
    again = serializers.CharField(write_only=True)
    proof = ProofField("registration", source="phone")
    friend = PhoneField(required=False)
    seen: list[Phone] = []  # noqa: RUF012

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.seen.append(attrs["phone"])
        if attrs["password"] != attrs["again"]:
            raise serializers.ValidationError("two passwords")
        return attrs


class SignUpView(CreateAPIView[Any]):
    serializer_class = SignUp
    permission_classes = [AllowAny]  # noqa: RUF012

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.is_valid(raise_exception=True)  # as some views do
        return Response({"phone": serializer.validated_data["phone"]}, status.HTTP_201_CREATED)


class TransferView(APIView):
    permission_classes = [IsAuthenticated, HasProof.of("operation", user_field="phone")]  # noqa: RUF012
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]  # noqa: RUF012
    serializer_class = SignUp

    def post(self, request: Request) -> Response:
        return Response({"phone": request.phone, "kind": type(request.phone).__name__})

    get = delete = post


class ResetView(APIView):
    """Anybody with a proof."""

    permission_classes = [HasProof.of("password_reset", user_field=None)]  # noqa: RUF012
    serializer_class = SignUp

    def post(self, request: Request) -> Response:
        return Response({"phone": request.phone})


class StaffOrProof(APIView):
    permission_classes = [IsAdminUser | HasProof.of("operation", user_field=None)]  # noqa: RUF012
    serializer_class = SignUp

    def post(self, request: Request) -> Response:
        return Response({"phone": getattr(request, "phone", None)})


urlpatterns = [
    path("signup", SignUpView.as_view()),
    path("transfer", TransferView.as_view()),
    path("reset", ResetView.as_view()),
    path("staff", StaffOrProof.as_view()),
]


@pytest.fixture(autouse=True)
def outbox() -> Iterator[Outbox]:
    SignUp.seen.clear()
    with override_settings(ROOT_URLCONF=__name__), translation.override("en"), installed(clock=FakeClock()) as sent:
        yield sent


@pytest.fixture
def user() -> Iterator[User]:
    person = User.objects.create(username="dilnoza", phone=NUMBER)
    yield person
    person.delete()


def proof_of(purpose: str, number: str = NUMBER) -> str:
    send_code(number, purpose, client_ip=None, binding="")
    outbox = overrides.gateway
    assert isinstance(outbox, Outbox)
    return str(verify_code(number, outbox.code_for(number), purpose, binding="").proof)


def is_spent(proof: str, purpose: str) -> bool:
    try:
        get_verifier().redeem(proof, purpose)
    except InvalidProof:
        return True
    return False


def ask(url: str, proof: str | None = None, user: User | None = None, method: str = "post", **more: Any) -> Any:
    client = APIClient()
    client.force_authenticate(user)
    headers = {} if proof is None else {"X-Phone-Proof": proof}
    return getattr(client, method)(url, headers=headers, format="json", **more)


def sign_up(proof: object, **fields: str) -> Any:
    given = {"name": "Dilnoza", "password": "a", "again": "a", "proof": proof, **fields}
    return APIClient().post("/signup", json.dumps(given), content_type="application/json")


# --------------------------------------------------------------------------------------------------- the permission


def test_r25_a_proof_in_the_header_opens_the_view_once(user: User) -> None:
    proof = proof_of("operation")
    assert ask("/transfer", proof, user).json() == {"phone": NUMBER, "kind": "Phone"}
    again = ask("/transfer", proof, user)
    assert (again.status_code, again.data["detail"].code) == (403, "invalid_proof")


@pytest.mark.parametrize("language", ["uz", "ru", "en"])
def test_without_a_proof_the_answer_says_what_to_do(language: str, user: User) -> None:
    with translation.override(language):
        none, bad = ask("/transfer", None, user), ask("/transfer", "x" * 5000, user)
    assert (none.status_code, none.data["detail"].code) == (403, "proof_required")
    assert (bad.status_code, bad.data["detail"].code) == (403, "invalid_proof")
    assert none.data["detail"] != bad.data["detail"]
    assert ("number" in none.data["detail"]) == (language == "en")


def test_r21_a_proof_is_for_its_own_purpose(user: User) -> None:
    proof = proof_of("login")
    assert ask("/transfer", proof, user).data["detail"].code == "invalid_proof"
    assert not is_spent(proof, "login")


def test_a_proof_of_another_number_than_the_users_is_refused_and_not_spent(user: User) -> None:
    proof = proof_of("operation", OTHER)
    assert ask("/transfer", proof, user).data["detail"].code == "invalid_proof"
    user.phone = None
    assert ask("/transfer", proof, user).status_code == 403
    user.phone = "90 123 45 68"
    assert ask("/transfer", proof, user).json()["phone"] == OTHER


def test_what_is_asked_before_it_spends_no_proof() -> None:
    proof = proof_of("operation")
    assert ask("/transfer", proof).status_code == 403
    assert not is_spent(proof, "operation")


def test_a_view_for_strangers_says_proof_and_not_log_in() -> None:
    assert ask("/reset").data["detail"].code == "proof_required"
    assert ask("/reset", proof_of("password_reset")).json() == {"phone": NUMBER}


def test_one_request_is_one_redemption_however_often_drf_asks(user: User) -> None:
    """The browsable pages ask once more for each form, and a page with forms is what they answer."""
    client = APIClient()
    client.force_authenticate(user)
    page = client.get("/transfer", headers={"X-Phone-Proof": proof_of("operation"), "Accept": "text/html"})
    assert page.status_code == 200
    assert 'name="name"' in page.content.decode(), "the form for POST, which its own check of the permission allowed"
    request = HttpRequest()
    request.META["HTTP_X_PHONE_PROOF"] = proof_of("login", OTHER)
    permission = HasProof.of("login", user_field=None)()
    twice = [permission.has_permission(Request(request), APIView()) for _ in range(2)]
    assert twice == [True, True]
    assert request.phone == OTHER


def test_unless_it_is_told_otherwise_the_proof_is_of_the_user_s_own_number(user: User) -> None:
    request = HttpRequest()
    request.META["HTTP_X_PHONE_PROOF"] = proof_of("operation", OTHER)
    asked = Request(request)
    asked.user = user
    with pytest.raises(PermissionDenied):
        HasProof.of("operation")().has_permission(asked, APIView())


def test_it_may_stand_right_of_an_or(user: User) -> None:
    proof = proof_of("operation")
    user.is_staff = True
    assert ask("/staff", proof, user).json() == {"phone": None}
    user.is_staff = False
    assert ask("/staff", proof, user).json() == {"phone": NUMBER}
    assert ask("/staff", proof, user).status_code == 403


def test_one_redemption_is_not_a_proof_of_the_users_own_number(user: User) -> None:
    class Either(APIView):
        permission_classes = [  # noqa: RUF012
            (HasProof.of("operation", user_field=None) & IsAdminUser) | HasProof.of("operation", user_field="phone")
        ]

        def post(self, request: Request) -> Response:
            return Response({"phone": request.phone})

    answers = []
    for number in (OTHER, NUMBER):
        request = APIRequestFactory().post("/", headers={"X-Phone-Proof": proof_of("operation", number)})
        force_authenticate(request, user)
        answers.append(Either.as_view()(request).status_code)
    assert answers == [403, 200]


def test_p11_a_store_that_is_away_is_a_503_and_the_proof_is_kept(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    proofs = proof_of("operation"), proof_of("registration", OTHER)
    with monkeypatch.context() as away:

        def down(*args: object) -> None:
            raise StoreUnavailable

        away.setattr(type(get_verifier().store), "redeem", down)
        for answer in (ask("/transfer", proofs[0], user), sign_up(proofs[1])):
            assert (answer.status_code, answer.data["detail"].code) == (503, "store_unavailable")
    assert ask("/transfer", proofs[0], user).status_code == 200
    assert sign_up(proofs[1]).status_code == 201


def test_a_purpose_that_is_none_is_found_at_import() -> None:
    with pytest.raises(ValueError, match="transfer"):
        HasProof.of("transfer")
    with pytest.raises(ValueError, match="transfer"):
        ProofField("transfer")


# ------------------------------------------------------------------------------------------------------- the fields


def test_the_value_of_a_proof_is_its_phone_in_validate_too() -> None:
    proof = proof_of("registration")
    answer = sign_up(f" {proof}\n")
    assert (answer.status_code, answer.json()) == (201, {"phone": NUMBER})
    assert SignUp.seen == [NUMBER]
    assert is_spent(proof, "registration")


def test_r25_the_second_use_is_an_error_of_its_field() -> None:
    proof = proof_of("registration")
    assert sign_up(proof).status_code == 201
    again = sign_up(proof)
    assert again.status_code == 400
    assert [error.code for error in again.data["proof"]] == ["invalid_proof"]
    assert list(again.json()) == ["proof"]


@pytest.mark.parametrize("slip", [{"name": ""}, {"name": "x" * 21}, {"again": "b"}, {"friend": "12"}])
def test_a_slip_in_another_field_does_not_spend_the_proof(slip: dict[str, str]) -> None:
    proof = proof_of("registration")
    assert sign_up(proof, **slip).status_code == 400
    assert sign_up(proof).status_code == 201


BAD: list[object] = ["", None, 12, True, [], {}, "x", "x" * 5000, "a\x00b", "\ud800", "не.то.вовсе"]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_p12_what_is_no_proof_is_an_error_of_its_field(value: object) -> None:
    answer = sign_up(value)
    assert answer.status_code == 400
    assert list(answer.json()) == ["proof"]


def test_an_outlived_proof_and_another_purposes() -> None:
    late, other = proof_of("registration"), proof_of("login", OTHER)
    assert sign_up(other).data["proof"][0].code == "invalid_proof"
    clock = overrides.clock
    assert isinstance(clock, FakeClock)
    clock.advance(601)
    assert sign_up(late).data["proof"][0].code == "invalid_proof"


def test_a_proof_that_need_not_be_there() -> None:
    class Optional(RedeemsProofs, serializers.Serializer):
        proof = ProofField("login", required=False, allow_null=True, allow_blank=True)

    for data in ({}, {"proof": None}, {"proof": ""}):
        assert Optional(data=data).is_valid()
    many = Optional(data=[{"proof": proof_of("login")}, {}], many=True)
    assert many.is_valid()
    assert [dict(item) for item in many.validated_data] == [{"proof": NUMBER}, {}]


def test_a_patch_is_no_way_around_the_proof() -> None:
    class Email(RedeemsProofs, serializers.Serializer):
        email = serializers.EmailField()
        proof = ProofField("operation")

    without = Email(data={"email": "d@shop.uz"}, partial=True)
    assert not without.is_valid()
    assert [error.code for error in without.errors["proof"]] == ["required"]
    assert Email(data={"proof": proof_of("operation")}, partial=True).is_valid()


def test_a_serializer_that_would_never_spend_it_is_an_error() -> None:
    class Forgetful(serializers.Serializer):
        proof = ProofField("login")

    with pytest.raises(TypeError, match="RedeemsProofs"):
        Forgetful(data={}).is_valid()


class Contact(serializers.Serializer):
    phone = PhoneField()


@pytest.mark.parametrize("typed", ["90 123 45 67", "998901234567", "+998 (90) 123-45-67", 998901234567])
def test_r36_a_number_in_any_notation(typed: object) -> None:
    contact = Contact(data={"phone": typed})
    assert contact.is_valid(), contact.errors
    assert contact.validated_data["phone"] == NUMBER
    assert isinstance(contact.validated_data["phone"], Phone)
    assert Contact({"phone": contact.validated_data["phone"]}).data == {"phone": NUMBER}


@pytest.mark.parametrize(
    ("typed", "code"),
    [("712345678", "invalid_phone"), ("abc", "invalid_phone"), ("+12025551234", "country_not_allowed"),
     ("", "blank"), (None, "null"), ([], "invalid"), ("9" * 65, "max_length")],
)  # fmt: skip
def test_p12_what_is_no_number_has_its_code(typed: object, code: str) -> None:
    contact = Contact(data={"phone": typed})
    assert not contact.is_valid()
    assert code in [error.code for error in contact.errors["phone"]] or code == "max_length"


def test_a_value_of_django_phonenumber_field() -> None:
    to_python = pytest.importorskip("phonenumber_field.phonenumber").to_python
    contact = Contact(data={"phone": to_python(NUMBER)})
    assert contact.is_valid(), contact.errors
    assert contact.validated_data["phone"] == NUMBER
    with override_settings(PHONENUMBER_DEFAULT_FORMAT="RFC3966"):
        assert Contact({"phone": to_python(NUMBER)}).data == {"phone": NUMBER}
        assert Contact({"phone": to_python("12", region="UZ")}).data == {"phone": "12"}


# ------------------------------------------------------------------------------------------------------- the schema


def test_drf_spectacular_describes_them_without_a_warning(tmp_path: Path) -> None:
    pytest.importorskip("drf_spectacular")
    file = tmp_path / "schema.json"
    with override_settings(REST_FRAMEWORK={"DEFAULT_SCHEMA_CLASS": "django_uzotp.contrib.drf.schema.AutoSchema"}):
        call_command("spectacular", "--validate", "--fail-on-warn", "--format=openapi-json", f"--file={file}")
    schema = json.loads(file.read_text("utf-8"))
    fields = schema["components"]["schemas"]["SignUpRequest" if "SignUpRequest" in str(schema) else "SignUp"]
    assert fields["properties"]["proof"]["writeOnly"] is True
    assert "registration" in fields["properties"]["proof"]["description"]
    assert fields["properties"]["friend"]["example"] == NUMBER
    schemes = schema["components"]["securitySchemes"]
    assert schemes["phoneProof.operation"]["name"] == "X-Phone-Proof"
    assert schemes["phoneProof.operation"]["in"] == "header"
    transfer = schema["paths"]["/transfer"]["post"]["security"]
    assert transfer
    assert all("phoneProof.operation" in way for way in transfer)
    assert all("phoneProof.password_reset" in way for way in schema["paths"]["/reset"]["post"]["security"])
    staff = [set(way) for way in schema["paths"]["/staff"]["post"]["security"]]
    assert {"phoneProof.operation" in way for way in staff} == {True, False}
    assert not any("phoneProof" in str(way) for way in schema["paths"]["/signup"]["post"]["security"])


def test_anonymous_visitors_have_no_number_to_compare() -> None:
    assert not hasattr(AnonymousUser(), "phone")
    request = HttpRequest()
    request.META["HTTP_X_PHONE_PROOF"] = proof_of("operation")
    with pytest.raises(Exception, match="no longer valid"):
        HasProof.of("operation", user_field="phone")().has_permission(Request(request), APIView())
