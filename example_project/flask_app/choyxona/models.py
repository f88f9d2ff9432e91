"""A customer, who logs in with a phone number. Plain SQLAlchemy."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from functools import lru_cache

from flask import Flask, current_app, g
from sqlalchemy import DateTime, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from werkzeug.security import check_password_hash, generate_password_hash

from uzotp import Phone


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: E.164, always: ``+998901234567``. What is written here comes out of uzotp, so that one number cannot have two
    #: accounts under two notations.
    phone: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(255))
    joined: Mapped[datetime] = mapped_column(DateTime, default=lambda: datetime.now(timezone.utc).replace(tzinfo=None))

    def __repr__(self) -> str:
        """Masked: this is what logs and tracebacks show of a user."""
        return f"<User {Phone.parse(self.phone).masked}>"

    def set_password(self, password: str) -> None:
        self.password_hash = generate_password_hash(password)

    def check_password(self, password: str) -> bool:
        return check_password_hash(self.password_hash, password)

    @property
    def stamp(self) -> str:
        """Changes with the password; a session that holds another one is over."""
        return hashlib.sha256(self.password_hash.encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return generate_password_hash("nobody's password")


def init_app(app: Flask) -> None:
    # hide_parameters: the text of a failed statement, which is logged, would hold the number.
    engine = create_engine(app.config["DATABASE_URL"], hide_parameters=True)
    Base.metadata.create_all(engine)
    app.extensions["choyxona_db"] = sessionmaker(engine)

    @app.teardown_appcontext
    def close(error: BaseException | None) -> None:
        session = g.pop("db", None)
        if session is not None:
            session.close()


def db() -> Session:
    """The database session of this request."""
    if "db" not in g:
        g.db = current_app.extensions["choyxona_db"]()
    return g.db


def user_of(phone: str) -> User | None:
    return db().scalar(select(User).where(User.phone == phone))


def user_with_password(phone: str, password: str) -> User | None:
    """The account, if the password is its own. Unknown numbers take as long as known ones."""
    user = user_of(phone)
    if user is None:
        check_password_hash(_nobodys_hash(), password)
        return None
    return user if user.check_password(password) else None
