"""The admin in Uzbek and in Russian: every word of ours has its translation, ships, and is shown."""

from __future__ import annotations

import ast
import gettext
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.utils import translation

import django_uzotp
from django_uzotp.conf import get_verifier
from django_uzotp.models import Challenge, Count, Delivery, Phone, Tally
from django_uzotp.texts import CONTEXT
from uzotp.settings.build import overrides
from uzotp.testing.clock import FakeClock
from uzotp.testing.outbox import Outbox

PACKAGE = Path(django_uzotp.__file__).parent
LANGUAGES = ("uz", "ru")


def our_words() -> set[str]:
    """What the models are called, with their columns and choices, and what the source says in so many words."""
    found = set[str]()
    with translation.override(None):
        for model in apps.get_app_config("uzotp").get_models():
            found |= {str(model._meta.verbose_name), str(model._meta.verbose_name_plural)}
            for field in model._meta.fields:
                found |= {str(field.verbose_name), *(str(label) for _, label in field.choices or ())}
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_", "text_now"):
                found |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return found


def written(language: str) -> dict[str, str]:
    """The catalogue as it is written, ours alone."""
    pofile = pytest.importorskip("babel.messages.pofile", reason="Babel is not installed")
    with open(PACKAGE / f"locale/{language}/LC_MESSAGES/django.po", "rb") as file:
        return {entry.id: entry.string for entry in pofile.read_po(file) if entry.context == CONTEXT}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_and_no_other(language: str) -> None:
    catalogue = written(language)
    assert set(catalogue) == our_words()
    assert all(catalogue.values())
    assert not [text for text in catalogue.values() if re.search("['`‘’]", text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language: str) -> None:
    with open(PACKAGE / f"locale/{language}/LC_MESSAGES/django.mo", "rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert {word: compiled.pgettext(CONTEXT, word) for word in our_words()} == written(language)


def test_the_catalogues_ship() -> None:
    """The wheel has whatever is in the package and is not ignored."""
    root = PACKAGE.parent
    if not (root / ".git").exists():
        pytest.skip("no checkout")
    files = [path.relative_to(root) for path in PACKAGE.glob("locale/*/LC_MESSAGES/django.[mp]o")]
    assert len(files) == 2 * len(LANGUAGES)
    ignored = subprocess.run(["git", "check-ignore", "--no-index", *files], cwd=root, capture_output=True, text=True)
    assert (ignored.returncode, ignored.stdout) == (1, "")
    wheel = (root / "pyproject.toml").read_text("utf-8").partition("[tool.hatch.build.targets.wheel]")[2]
    assert wheel.partition("\n[")[0].strip() == 'packages = ["core/uzotp", "django_uzotp", "flask_uzotp"]'


def test_no_other_app_s_words_are_changed() -> None:
    from django.utils.translation import gettext as of_everybody

    with translation.override("uz"):
        assert of_everybody("deliveries") == "deliveries"
        assert Delivery._meta.verbose_name_plural == "xabarlar"
    with translation.override("de"):
        assert Delivery._meta.verbose_name_plural == "deliveries"


# --------------------------------------------------------------------------------------------------------- the pages


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = set[str]()

    def handle_data(self, data: str) -> None:
        self.found.add(" ".join(data.split()).strip(" :»›").casefold())


@pytest.fixture
def client() -> Iterator[Client]:
    outbox = Outbox()
    overrides.set(gateway=outbox, store=None, clock=FakeClock())
    middleware = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    site = override_settings(ROOT_URLCONF="tests.django_app.admin_urls", MIDDLEWARE=middleware)
    with site, translation.override("en"):
        user = get_user_model().objects.create_superuser("operator")
        get_verifier().send_code("90 123 81 90", "login", client_ip=None, binding="x")
        client = Client()
        client.force_login(user)
        yield client
        user.delete()
    for model in (Challenge, Count, Delivery, Phone, Tally):
        model.objects.all().delete()
    overrides.set(gateway=None, store=None, clock=None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_admin_s_pages_have_no_english_of_ours(client: Client, language: str) -> None:
    phone, delivery, challenge = Phone.objects.get().pk, Delivery.objects.get().pk, Challenge.objects.get().pk
    of_ours = our_words() - {"id"}
    english = {word.casefold() for word in of_ours} | {f"{n} {word}".casefold() for n in (0, 1) for word in of_ours}
    shown, seen = set[str](), {written(language)[word].casefold() for word in of_ours}
    for address in (
        "", "uzotp/", "uzotp/insight/", "uzotp/delivery/", f"uzotp/delivery/{delivery}/change/", "uzotp/challenge/",
        f"uzotp/challenge/{challenge}/change/", "uzotp/phone/", f"uzotp/phone/{phone}/change/",
    ):  # fmt: skip
        answer = client.get(f"/admin/{address}", headers={"accept-language": language})
        assert answer.status_code == 200
        texts = _Texts()
        texts.feed(answer.content.decode())
        assert not texts.found & (english - seen), address
        shown |= texts.found & seen
    assert len(shown) > 25, "ours were looked for where they are"


@pytest.mark.parametrize(("language", "said"), [("uz", "Raqamdan cheklovlarni olish"), ("ru", "Снять ограничения")])
def test_the_record_of_an_unlock_is_in_the_operator_s_language(client: Client, language: str, said: str) -> None:
    phone = Phone.objects.get().pk
    form = {"action": "let_in", "_selected_action": phone}
    client.post("/admin/uzotp/phone/", form, headers={"accept-language": language})
    html = client.get(f"/admin/uzotp/phone/{phone}/history/", headers={"accept-language": language}).content.decode()
    assert said in html
