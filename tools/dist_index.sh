#!/usr/bin/env bash
# tools/dist_index.sh VIDEOS COLLECTION GPUS --encoder FILE [options of
# tools/index.py]
# Several nodes: NNODES, NODE_RANK, MASTER_ADDR, PORT (docs/multi_node.md).
source "$(dirname "${BASH_SOURCE[0]}")/distributed.sh"
usage 5 "$@"
by_torchrun "$3" "$tools/index.py" "$1" "$2" "${@:4}"
