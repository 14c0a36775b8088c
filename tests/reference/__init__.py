"""A second reading of the IR, slow and plain, to hold the generated code against."""
