#!/usr/bin/env bash
# tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR, PORT (docs/multi_node.md).
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 3 "$@"
by_torchrun "$3" "$tools/test.py" "$1" "$2" "${@:4}"
