#!/usr/bin/env bash
# tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of tools/train.py]
# Environment: GPUS, GPUS_PER_NODE, CPUS_PER_TASK, PORT, SRUN_ARGS, PY_ARGS.
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 3 "$@"
by_srun "$1" "$2" "$tools/train.py" "${@:3}"
