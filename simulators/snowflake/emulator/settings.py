"""What a test may choose about the account; every field can be set at the start and by POST /emulator/settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass
class Settings:
    account: str = "EMULATED"
    organization: str = "SLUICE"
    region: str = "AWS_US_EAST_1"
    # Exist from the start; a login names no other, as on Snowflake, where it then has no current database.
    databases: list[str] = field(default_factory=lambda: ["SLUICE"])
    # Empty: any name and any credentials are let in. Else one entry per user: `name`, and of `password`, `publicKey`
    # (PEM), `pat`, `oauthToken` what the user has; `type` (SERVICE, PERSON), `mfa`, `defaultRole`, `refuse` (an error code).
    users: list[dict[str, Any]] = field(default_factory=list)
    # Empty: any name is a warehouse. Else `name`, `size`, `autoSuspend` (s), `autoResume`, `state`.
    warehouses: list[dict[str, Any]] = field(default_factory=list)
    # Empty: any role. Else the roles a login may take.
    roles: list[str] = field(default_factory=list)
    # Rows of SHOW GRANTS: `privilege`, `grantedOn`, `name`, and `role`. Empty: OWNERSHIP of everything.
    grants: list[dict[str, str]] = field(default_factory=list)
    # Whether roles may read SNOWFLAKE.ACCOUNT_USAGE.
    sees_account_usage: bool = True
    # Of S3. Empty: any name is a bucket.
    buckets: list[str] = field(default_factory=list)
    # After this the answer is "in progress" and the driver polls for the result.
    answer_within_ms: int = 45_000
    # A transaction that blocks others is aborted when its session sent nothing for so long.
    abort_idle_blocker_ms: int = 300_000
    # What CURRENT_TRANSACTION() is in a statement outside of any transaction, of sessions that begin from now on: the id of
    # the statement's own, or NULL. Snowflake does not say which.
    tells_transaction_of_one_statement: bool = True
    session_token_seconds: int = 3_600
    master_token_seconds: int = 14_400

    def change(self, values: dict[str, Any]) -> None:
        """Sets the fields named in camelCase; raises ValueError for one that does not exist."""
        known = {_camel(item.name): item.name for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no setting {name}; there are {', '.join(known)}")
            setattr(self, known[name], value)

    def as_json(self) -> dict[str, Any]:
        return {_camel(name): value for name, value in asdict(self).items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
