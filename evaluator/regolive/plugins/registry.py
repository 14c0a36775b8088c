"""The registry: every builtin that a runtime knows, and the plugins they come from.

Each runtime has a registry of its own. A plugin found by discovery that is broken is noted and
left out as a whole, and the rest keep working; one that the caller passed in is an error at once.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any

import pluggy

from regolive.errors import PluginError
from regolive.ir.nodes import BuiltinDecl
from regolive.plugins import hookspecs
from regolive.plugins.binding import BoundBuiltin, bind
from regolive.plugins.builtin import read_spec

ENTRY_POINT_GROUP = "regolive"

log = logging.getLogger("regolive.plugins")


class Registry:
    """Plugins and their builtins. Not changed once the runtime has it."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager("regolive")
        self.manager.add_hookspecs(hookspecs)
        self.builtins: dict[str, BoundBuiltin] = {}
        self.problems: list[PluginError] = []

    @property
    def hook(self) -> Any:
        """pluggy's caller of hooks over all plugins."""
        return self.manager.hook

    def discover(self, group: str = ENTRY_POINT_GROUP) -> None:
        """Register every plugin announced under an entry point group, in the order of names.

        A broken one is kept in ``problems``, logged, and left out.
        """
        points = {p.name: p for p in metadata.entry_points(group=group)}
        # Our own first: a stranger cannot take a standard builtin's name by coming earlier.
        for name in sorted(points, key=lambda n: (n not in ("std", "nats"), n)):
            try:
                try:
                    plugin = points[name].load()
                except Exception as error:
                    text = f"cannot be imported: {type(error).__name__}: {error}"
                    raise PluginError(name, text) from error
                self.register(plugin, name)
            except PluginError as error:
                log.error("%s; it is left out, with all its builtins", error)
                self.problems.append(error)

    def register(self, plugin: Any, name: str | None = None) -> str:
        """Add a plugin: a module, an object, or a class to instantiate. Returns its name.

        Raises PluginError, and then nothing of the plugin stays: for a class that cannot be
        instantiated, a hook that does not exist, a bad signature, or a builtin defined twice.
        """
        if name is None:
            name = getattr(plugin, "__name__", None) or type(plugin).__name__
        if inspect.isclass(plugin):
            try:
                plugin = plugin()
            except Exception as error:
                text = f"cannot be created: {type(error).__name__}: {error}"
                raise PluginError(name, text) from error
        try:
            if self.manager.register(plugin, name) is None:
                raise PluginError(name, "is blocked")
        except (ValueError, pluggy.PluginValidationError) as error:
            if self.manager.get_plugin(name) is plugin:
                self.manager.unregister(plugin)
            raise PluginError(name, str(error)) from error
        try:
            if not self.manager.get_hookcallers(plugin):
                raise PluginError(name, "implements no hook: mark its functions with @hookimpl")
            self._check_hooks(plugin, name)
            self.builtins |= self._bind_all(plugin, name)
        except PluginError:
            self.manager.unregister(plugin)
            raise
        return name

    def _check_hooks(self, plugin: Any, name: str) -> None:
        """A misspelt hook would never be called: say so."""
        known = {spec for spec in vars(hookspecs) if spec.startswith("regolive_")}
        for attribute in dir(plugin):
            if (
                attribute.startswith("regolive_")
                and attribute not in known
                and hasattr(getattr(plugin, attribute, None), "regolive_impl")
            ):
                raise PluginError(name, f"there is no hook {attribute!r}")

    def _bind_all(self, plugin: Any, name: str) -> dict[str, BoundBuiltin]:
        make = getattr(plugin, "regolive_builtins", None)
        if make is None:
            return {}
        try:
            functions = list(make())
        except Exception as error:
            text = f"regolive_builtins failed: {type(error).__name__}: {error}"
            raise PluginError(name, text) from error
        bound: dict[str, BoundBuiltin] = {}
        for function in functions:
            try:
                spec = read_spec(function)
            except TypeError as error:
                raise PluginError(name, str(error)) from error
            if spec.name in bound:
                raise PluginError(name, f"defines the builtin {spec.name!r} twice")
            if spec.name in self.builtins:
                other = self.builtins[spec.name].plugin
                raise PluginError(
                    name, f"the builtin {spec.name!r} is already defined by plugin {other!r}"
                )
            bound[spec.name] = bind(spec, name, function)
        return bound

    def plugins(self) -> Iterator[tuple[str, Any]]:
        """The registered plugins, by name."""
        for name, plugin in self.manager.list_name_plugin():
            if plugin is not None:
                yield name, plugin

    def declared(self) -> dict[str, BuiltinDecl]:
        """Every builtin as compilers know it."""
        return declare(self.builtins)

    def declarations(self) -> Mapping[str, Mapping[str, Any]]:
        """Every builtin's declaration, as OPA's capabilities have it."""
        return {name: b.spec.declaration() for name, b in self.builtins.items()}


def declare(builtins: Mapping[str, BoundBuiltin]) -> dict[str, BuiltinDecl]:
    """Builtins as compilers know them, by name."""
    return {
        name: BuiltinDecl(
            name, bound.spec.declaration()["decl"], bound.spec.deprecated, bound.spec.relation
        )
        for name, bound in builtins.items()
    }


def load_registry(plugins: Iterable[Any] | None = None, *, discover: bool = True) -> Registry:
    """A registry of the discovered plugins and those given. Raises PluginError for a given one."""
    registry = Registry()
    if discover:
        registry.discover()
    for plugin in plugins or ():
        registry.register(plugin)
    return registry
