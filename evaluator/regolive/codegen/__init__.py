"""From IR to Python: readable source, functions, and the frame they run in."""
