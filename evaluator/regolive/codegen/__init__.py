"""From IR to Python: readable source, functions, and the frame they run in."""

from regolive.codegen.frame import Cancellation, Env, Frame, Watch
from regolive.codegen.positions import current_location, policy_stack
from regolive.codegen.unit import CompiledPolicy, Entry, compile_policy

__all__ = [
    "Cancellation",
    "CompiledPolicy",
    "Entry",
    "Env",
    "Frame",
    "Watch",
    "compile_policy",
    "current_location",
    "policy_stack",
]
