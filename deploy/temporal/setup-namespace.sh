#!/bin/sh
# Creates the namespace where there is none. Its search attributes are made by the worker.
set -eu
temporal operator namespace describe --namespace default >/dev/null 2>&1 ||
  temporal operator namespace create --namespace default --retention "$RETENTION"
