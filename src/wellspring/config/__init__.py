"""The config: its schema, put together from those of the stages; its check; the commented file and the docs page."""

from wellspring.config.checking import validated_config
from wellspring.config.schema import SCHEMAS, config_schema
from wellspring.config.texts import repeated_keys

__all__ = ["SCHEMAS", "config_schema", "repeated_keys", "validated_config"]
