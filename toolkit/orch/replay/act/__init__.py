"""The compiled workflow under act: harness and stand-ins for third-party actions."""
