"""Who may log in, and with which error Snowflake refuses.

Codes: 390100, 390144 and 390318 are seen in drivers' sources and issues; 390186 (role), 390422 (network policy) and
394508 (MFA is asked for) are reported by users. What is worded here is close to, not word for word, Snowflake's text.
"""

from __future__ import annotations

import base64
import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from .errors import SnowflakeError
from .settings import Settings

#: What the account says for a refusal on order (`users[].refuse`).
MESSAGES = {
    "390100": "Incorrect username or password was specified.",
    "390144": "JWT token is invalid.",
    "390318": "OAuth access token expired.",
    "390303": "Invalid OAuth access token.",
    "390422": "Incoming request with IP/Token 198.51.100.7 is not allowed to access Snowflake."
    "  Contact your account administrator.",
    "394508": "Failed to authenticate: MFA authentication is required, but none of your current MFA methods are supported"
    " for programmatic authentication.",
    "394400": "Programmatic access token is invalid.",
    "390186": "Role specified in the connect string is not granted to this user."
    " Contact your local system administrator, or attempt to login with another role.",
}


_WITHOUT_TIMES = {"verify_exp": False, "verify_iat": False}
_CLOCK_SKEW_SECONDS = 60


def refusal(code: str) -> SnowflakeError:
    return SnowflakeError(code, "08001", MESSAGES.get(code, "Login was refused."))


def authenticate(settings: Settings, data: dict[str, Any]) -> str:
    """The user's name, in upper case; raises the refusal. Without `settings.users` everybody is let in."""
    authenticator = str(data.get("AUTHENTICATOR") or "SNOWFLAKE").upper()
    token = data.get("TOKEN")
    if authenticator == "SNOWFLAKE_JWT":
        return _by_key_pair(settings, token)
    if authenticator == "OAUTH":
        return _by_token(settings, data, "oauthToken", "390303")
    if authenticator == "PROGRAMMATIC_ACCESS_TOKEN":
        return _by_token(settings, data, "pat", "394400")
    return _by_password(settings, data)


def _by_password(settings: Settings, data: dict[str, Any]) -> str:
    name = str(data.get("LOGIN_NAME") or "").upper()
    if not settings.users:
        return name
    user = _find(settings, name)
    if user is None or user.get("password") is None or data.get("PASSWORD") != user["password"]:
        raise refusal("390100")
    if user.get("mfa"):
        raise refusal("394508")
    return _admit(user)


def _by_token(settings: Settings, data: dict[str, Any], field: str, code: str) -> str:
    name = str(data.get("LOGIN_NAME") or "").upper()
    if not settings.users:
        return name or "TOKEN_USER"
    for user in settings.users:
        if user.get(field) is not None and user[field] == data.get("TOKEN"):
            return _admit(user)
    user = _find(settings, name)
    raise refusal((user or {}).get("refuse") or code)


def _by_key_pair(settings: Settings, token: Any) -> str:
    """Checks the JWT as Snowflake does: subject, issuer with the key's fingerprint, signature, time."""
    try:
        claims = jwt.decode(str(token), options={"verify_signature": False})
        subject = str(claims["sub"])
        issuer = str(claims["iss"])
    except (jwt.PyJWTError, KeyError) as error:
        raise refusal("390144") from error
    name = subject.rpartition(".")[2].upper()
    if not settings.users:
        return name
    user = _find(settings, name)
    if user is None or user.get("publicKey") is None:
        raise refusal("390144")
    key = load_pem_public_key(str(user["publicKey"]).encode())
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    fingerprint = "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    account = subject.rpartition(".")[0].upper()
    if issuer != f"{subject}.{fingerprint}" or account not in _account_names(settings):
        raise refusal("390144")
    try:
        jwt.decode(str(token), key=key, algorithms=["RS256"], options=_WITHOUT_TIMES)  # type: ignore[arg-type]
    except jwt.PyJWTError as error:
        raise refusal("390144") from error
    if not _seconds(claims.get("iat")) - _CLOCK_SKEW_SECONDS <= time.time() < _seconds(claims.get("exp")):
        raise refusal("390144")
    return _admit(user)


def _account_names(settings: Settings) -> set[str]:
    return {settings.account.upper(), f"{settings.organization}-{settings.account}".upper()}


def _find(settings: Settings, name: str) -> dict[str, Any] | None:
    return next((user for user in settings.users if str(user["name"]).upper() == name), None)


def _admit(user: dict[str, Any]) -> str:
    if user.get("refuse"):
        raise refusal(str(user["refuse"]))
    return str(user["name"]).upper()


def _seconds(instant: Any) -> float:
    """Unix seconds; the Node driver says milliseconds, and Snowflake takes them."""
    number = float(instant or 0)
    return number / 1_000 if number > 100_000_000_000 else number
