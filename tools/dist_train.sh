#!/usr/bin/env bash
# tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR, PORT (docs/multi_node.md).
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 2 "$@"
by_torchrun "$2" "$tools/train.py" "$1" "${@:3}"
