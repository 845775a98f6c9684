# docker build -t ascnet_mm .
# docker run --rm --ipc=host -v "$PWD:/workspace" ascnet_mm train CONFIG
#
# On GPUs, from an image that has torch with CUDA, which is kept:
#   docker build --build-arg BASE=pytorch/pytorch:TAG -t ascnet_mm .
#   docker run --rm --gpus all --ipc=host -v "$PWD:/workspace" ascnet_mm train CONFIG
ARG BASE=python:3.11-slim
FROM ${BASE}

# OpenCV needs these two libraries.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# Some images guard their Python against pip.
ENV PIP_BREAK_SYSTEM_PACKAGES=1 \
    PIP_NO_CACHE_DIR=1

COPY . /opt/ascnet_mm
# Torch of the base image if it has one; else, for CPUs, the tested versions
RUN cd /opt/ascnet_mm \
    && if python -c "import torch"; then \
        pip install ".[lite,tools,collection]"; \
    else \
        pip install -c constraints.txt ".[lite,tools,collection]" \
            --extra-index-url https://download.pytorch.org/whl/cpu; \
    fi

WORKDIR /workspace
ENTRYPOINT ["ascnet-mm"]
CMD ["--help"]
