"""The teaching library of the course: what its pages, notebooks and experiments import."""
