"""A small pre-training that shows what it has learned."""
