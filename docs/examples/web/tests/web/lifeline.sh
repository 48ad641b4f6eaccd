#!/bin/sh
# Runs Codex with the pipe `LIFELINE` open, which therefore ends with the last of its processes.
exec "$LIFELINE_CODEX" "$@" 9> "$LIFELINE"
