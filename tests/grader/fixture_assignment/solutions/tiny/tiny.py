# %% [markdown]
# # A tiny assignment
# It tests the grader, not students.

# %% nbgrader={"grade": false, "grade_id": "setup", "locked": true, "schema_version": 3, "solution": false, "task": false}
import torch

from autograder import checks

check = checks("tiny")

# %% [markdown]
# Write `double` and `count_up`.


# %% nbgrader={"grade": false, "grade_id": "double-solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def double(values):
    """Twice the values, a tensor of the same shape."""
    ### BEGIN SOLUTION
    return values + values
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "double", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check("double")


# %% nbgrader={"grade": false, "grade_id": "make_layer-solution", "locked": false, "schema_version": 3, "solution": true, "task": false}
def make_layer(inputs, outputs):
    """A new linear layer."""
    ### BEGIN SOLUTION
    return torch.nn.Linear(inputs, outputs)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "make_layer", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check("make_layer")

# %% tags=["demo"]
raise RuntimeError("a demo cell does not run at grading")

# %% [markdown] nbgrader={"grade": true, "grade_id": "reflection", "locked": false, "points": 2, "schema_version": 3, "solution": true, "task": false}
# What did you learn?
#
# ### BEGIN SOLUTION
# That doubling is the same as adding a value to itself.
# ### END SOLUTION
