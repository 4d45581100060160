"""A Snowflake account on 127.0.0.1 for tests, demo and bench: fakesnow's SQL on DuckDB, spoken in the driver's wire format."""
