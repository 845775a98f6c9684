"""Steps of full size on a GPU that does not exist."""
