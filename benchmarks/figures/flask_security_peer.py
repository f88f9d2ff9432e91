"""Flask-Security's unified sign-in by SMS on PostgreSQL, as its documentation sets it up with plain SQLAlchemy."""

from __future__ import annotations

from itertools import count
from typing import Any

from benchmarks.figures.servers import Database


class FlaskSecurity:
    name = "Flask-Security (unified sign-in)"
    includes = "a POST of the identity and the code to `/us-signin` by Flask's test client"

    def __init__(self, database: Database) -> None:
        from flask import Flask
        from flask_security import Security, SQLAlchemySessionUserDatastore, uia_phone_mapper
        from flask_security.models import sqla
        from sqlalchemy import create_engine
        from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

        class Base(DeclarativeBase):
            pass

        sqla.FsModels.set_db_info(base_model=Base)

        class Role(Base, sqla.FsRoleMixin):
            __tablename__ = "role"

        class User(Base, sqla.FsUserMixin):
            __tablename__ = "user"

        self._engine = create_engine(database.url, pool_size=20)
        self._session = scoped_session(sessionmaker(bind=self._engine))
        Base.query = self._session.query_property()  # type: ignore[attr-defined]
        Base.metadata.create_all(self._engine)
        self._app = Flask("choyxona")
        self._app.config.update(
            SECRET_KEY="a key of the benchmarks",
            SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
            SECURITY_UNIFIED_SIGNIN=True,
            SECURITY_US_ENABLED_METHODS=["sms"],
            SECURITY_USER_IDENTITY_ATTRIBUTES=[{"us_phone_number": {"mapper": uia_phone_mapper}}],
            SECURITY_PHONE_REGION_DEFAULT="UZ",
            SECURITY_TOTP_SECRETS={"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"},
            SECURITY_TOTP_ISSUER="Choyxona",
            SECURITY_SMS_SERVICE="Dummy",
            WTF_CSRF_ENABLED=False,
        )
        self._datastore = SQLAlchemySessionUserDatastore(self._session, User, Role)
        self._security = Security(self._app, self._datastore)
        self._app.teardown_appcontext(lambda _: self._session.remove())
        self._serial = count()

    def issue(self) -> tuple[Any, str]:
        number = f"+99890{2_000_000 + next(self._serial)}"
        with self._app.app_context():
            factory = self._security.totp_factory
            secret = factory.generate_totp_secret()
            user = self._datastore.create_user(email=f"{number[1:]}@example.uz", us_phone_number=number)
            self._datastore.us_set(user, "sms", secret, number)
            self._datastore.commit()
            return number, str(factory.generate_totp_password(secret))

    def verify(self, ticket: Any, code: str) -> bool:
        body = {"identity": ticket, "passcode": code}
        return bool(self._app.test_client().post("/us-signin", json=body).status_code == 200)

    def close(self) -> None:
        self._engine.dispose()
