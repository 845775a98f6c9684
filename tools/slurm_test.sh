#!/usr/bin/env bash
# tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [options of
# tools/test.py]
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, PORT, SRUN_ARGS, PY_ARGS.
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 4 "$@"
by_srun "$1" "$2" "$tools/test.py" "${@:3}"
