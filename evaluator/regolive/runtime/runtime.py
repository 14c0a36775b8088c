"""The runtime: policies, data, plugins and a store, put together and kept alive.

Everything that is started has its owner here, and ``stop`` ends all of it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from types import MappingProxyType, TracebackType
from typing import Any, cast

from regolive import concurrency
from regolive.codegen import Cancellation, Env, compile_policy
from regolive.compiler import (
    QUERY_PLAN,
    CompileRequest,
    FrontEnd,
    Language,
    entrypoint_name,
    get_front_end,
)
from regolive.concurrency import BackgroundTask, BackgroundTasks, Mutex
from regolive.errors import (
    ConfigError,
    Diagnostic,
    PluginError,
    PolicyError,
    RegoliveError,
    nearest,
)
from regolive.ir.bundle import load_bundle
from regolive.ir.nodes import BuiltinDecl, Policy
from regolive.plugins import (
    BoundBuiltin,
    Capabilities,
    PluginHost,
    declare,
    load_capabilities,
    load_registry,
)
from regolive.runtime.config import Config, load_config
from regolive.runtime.expressions import Captured, capture
from regolive.runtime.query import PreparedQuery
from regolive.runtime.result import Result
from regolive.runtime.sources import check_json, load_paths, load_schemas
from regolive.storage import SnapshotStore, Store, open_store
from regolive.values import UNDEFINED

log = logging.getLogger("regolive.runtime")

PathLike = str | os.PathLike[str]

# What a running runtime cannot take up: it is compiled or built into what is there.
_FIXED = (
    "store",
    "strict_builtin_errors",
    "background_threads",
    "front_end",
    "v0_compatible",
    "strict",
    "schema",
    "capabilities",
)


class Runtime:
    """Evaluates Rego policies over a store of documents, with the builtins of its plugins.

    ``policies`` are files and directories of ``.rego`` modules (data files in them are loaded
    too); ``modules`` maps names to Rego text; ``data`` is the base document (copied) and
    ``data_paths`` more files and directories of it; ``bundle`` a bundle with a plan. ``config`` is
    a mapping, a ``Config`` or the path of a YAML or JSON file. ``plugins`` are plugins besides
    those found by their entry points; ``discover=False`` leaves those out. ``store`` is
    "snapshot", "locking" or a store of your own. ``language`` says which Rego the policies are in,
    and ``capabilities`` (a file or document in OPA's format) what they may use; left out, the
    configuration does.

    A runtime is a context manager: ``start`` on entry, ``stop`` on exit. Queries work before
    ``start``; plugins that keep connections do not.

    Raises ConfigError, PluginError (for a plugin passed in), SourceError, BundleError.
    """

    def __init__(
        self,
        policies: PathLike | Iterable[PathLike] = (),
        *,
        modules: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        data_paths: Iterable[PathLike] = (),
        bundle: PathLike | None = None,
        config: Config | Mapping[str, Any] | PathLike | None = None,
        plugins: Iterable[Any] = (),
        discover: bool = True,
        store: str | Store | None = None,
        strict_builtin_errors: bool | None = None,
        front_end: FrontEnd | None = None,
        language: Language | None = None,
        capabilities: Capabilities | Mapping[str, Any] | PathLike | None = None,
    ) -> None:
        self.config = load_config(config)
        self.registry = load_registry(plugins, discover=discover)
        allowed = self.config.capabilities if capabilities is None else capabilities
        self.capabilities = None if allowed is None else load_capabilities(allowed)
        self._builtins = self.registry.builtins
        if self.capabilities is not None:
            self._builtins = self.capabilities.restrict(self._builtins)
        self._declared: Mapping[str, BuiltinDecl] | None = None
        paths = [policies] if isinstance(policies, str | os.PathLike) else list(policies)
        sources = load_paths([*paths, *data_paths])
        self._modules: dict[str, str] = {**sources.modules, **(modules or {})}
        self.bundle = load_bundle(bundle) if bundle is not None else None
        root: dict[str, Any] = dict(self.bundle.data) if self.bundle else {}
        root.update(sources.data)
        if data is not None:
            root.update(check_json(data, "data"))
        if isinstance(store, Store):
            self.store = store
            if root:
                with store.write() as txn:
                    for key, value in root.items():
                        txn.put((key,), value)
        else:
            self.store = open_store(store or self.config.store, root)
        strict = self.config.strict_builtin_errors
        self._env = Env(
            strict if strict_builtin_errors is None else strict_builtin_errors,
            self._submit,
            self.store.read_version if isinstance(self.store, SnapshotStore) else None,
            None if self.capabilities is None else self.capabilities.allow_net,
        )
        self.front_end = front_end or get_front_end(self.config.front_end)
        self.language = language or Language(
            self.config.v0_compatible,
            self.config.strict,
            load_schemas(self.config.schema) if self.config.schema else {},
        )
        # Guards the tables below: what is compiled and whether we run. Nothing is called under it.
        self._lock = Mutex("runtime.state", guards="the table of prepared queries, and the state")
        self._prepared: dict[str, PreparedQuery] = {}
        self._background: BackgroundTasks | None = None
        self._started: list[tuple[str, Any]] = []
        self._configure(self.config)

    # configuration and life

    def _configure(self, config: Config) -> None:
        known = {
            section
            for sections in self.registry.hook.regolive_config_sections()
            for section in sections
        }
        for section in config.plugins:
            if section not in known:
                near = nearest(str(section), sorted(known))
                hint = f"; did you mean {near!r}?" if near else ""
                broken = "".join(f"\n  {p}" for p in self.registry.problems)
                raise ConfigError(
                    f"configuration: plugins.{section}: no plugin has this section{hint}{broken}"
                )
        self.registry.hook.regolive_configure(config=config.plugins)
        if config.wait_graph is not None:
            concurrency.configure(cast("Any", config.wait_graph))
        if config.watchdog_threshold != "keep":
            concurrency.configure(watchdog_threshold=cast("Any", config.watchdog_threshold))

    def start(self) -> Runtime:
        """Start the plugins. If one fails, those started before it are stopped again."""
        with self._lock:
            if self._background is not None:
                return self
            self._background = BackgroundTasks(
                "regolive-background", self.config.background_threads
            )
        for name, plugin in self.registry.plugins():
            begin = getattr(plugin, "regolive_start", None)
            if begin is None:
                continue
            try:
                self._call_one(plugin, "regolive_start", host=self._host(name))
            except Exception as error:
                self.stop()
                if isinstance(error, RegoliveError):
                    raise
                raise PluginError(name, f"cannot start: {error}") from error
            self._started.append((name, plugin))
        return self

    def stop(self) -> None:
        """Stop the plugins, last started first, and join every thread. Stopping again is nothing.

        An error of one plugin is logged and does not keep the others from stopping.
        """
        while self._started:
            name, plugin = self._started.pop()
            try:
                self._call_one(plugin, "regolive_stop")
            except Exception:
                log.exception("plugin %r failed to stop", name)
        with self._lock:
            background, self._background = self._background, None
        if background is not None:
            background.close()
        self.front_end.close()
        concurrency.rest_watchdog()

    def reconfigure(self, config: Config | Mapping[str, Any] | PathLike) -> None:
        """Check a new configuration, then hand it to the plugins. A bad one changes nothing."""
        fresh = load_config(config)
        for key in _FIXED:
            if getattr(fresh, key) != getattr(self.config, key):
                raise ConfigError(f"configuration: {key} cannot change while running")
        self._configure(fresh)
        self.config = fresh
        for _, plugin in self._started:
            if hasattr(plugin, "regolive_reconfigure"):
                self._call_one(plugin, "regolive_reconfigure", config=fresh.plugins)

    def _call_one(self, plugin: Any, hook: str, **arguments: Any) -> Any:
        others = [p for _, p in self.registry.plugins() if p is not plugin]
        return self.registry.manager.subset_hook_caller(hook, others)(**arguments)

    def _host(self, name: str) -> PluginHost:
        return PluginHost(name, self.store, self._submit)

    def _submit(
        self, function: Callable[..., Any], *args: Any, name: str | None = None
    ) -> BackgroundTask:
        background = self._background
        if background is None:
            raise RegoliveError(
                "the runtime is not started, so nothing runs in the background: "
                "use `with Runtime(...) as runtime:` or call start()"
            )
        return background.submit(function, *args, name=name)

    def __enter__(self) -> Runtime:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # queries

    def prepare(self, query: str) -> PreparedQuery:
        """Compile a query: a path such as ``data.rbac.allow``, or any Rego query with variables.

        Compiled once for each text; asking again is a table lookup. Raises PolicyError for a wrong
        policy or query, FrontEndError if the compiler itself fails.
        """
        text = query.strip()
        known = self._prepared.get(text)
        if known is not None:
            return known
        prepared = self._prepare_expressions(text) or self._prepare_text(text, text)
        with self._lock:
            return self._prepared.setdefault(text, prepared)

    def evaluate(
        self,
        query: str,
        input: Any = UNDEFINED,
        *,
        timeout: float | None = None,
        cancel: Cancellation | None = None,
    ) -> Result:
        """Prepare and evaluate in one call. See ``PreparedQuery.evaluate``."""
        return self.prepare(query).evaluate(input, timeout=timeout, cancel=cancel)

    def plan(self, query: str) -> Policy:
        """The IR of a query, as the front end or the bundle gives it."""
        return self._plan(query.strip())[0]

    def _prepare_text(
        self, query: str, text: str, captured: Captured | None = None
    ) -> PreparedQuery:
        policy, plan = self._plan(text)
        compiled = compile_policy(policy, self.builtins)
        return PreparedQuery(query, compiled, plan, self.store, self._env, self._hooks(), captured)

    def _prepare_expressions(self, text: str) -> PreparedQuery | None:
        """A query of expressions, asked so that each expression's value can be told.

        None for a reference, which is a value by itself, and for what cannot be split: then the
        text is asked as it stands, and its errors are told of it.
        """
        if self.bundle is not None and not self._modules:
            return None
        if text.startswith("data"):
            try:
                entrypoint_name(text)
            except ValueError:
                pass
            else:
                return None
        tried = ""
        # A call of a policy's function may have an operand more, which is its result: whether it
        # does only compiling tells.
        for functions_have_values in (True, False):
            captured = capture(text, self._declarations(), functions_have_values)
            if captured is None:
                return None
            if captured.text != tried:
                tried = captured.text
                try:
                    return self._prepare_text(text, captured.text, captured)
                except PolicyError:
                    pass
        return None

    def _plan(self, text: str) -> tuple[Policy, str]:
        try:
            entrypoint = entrypoint_name(text) if text.startswith("data") else None
            if entrypoint == "" and not self.front_end.plans_data:
                entrypoint = None
        except ValueError:
            entrypoint = None
        if self.bundle is not None and not self._modules:
            return self._plan_of_bundle(text, entrypoint)
        allowed = self.capabilities
        if allowed is not None and not self.language.v0_compatible:
            allowed.check_language()
        request = CompileRequest(
            modules=self._modules,
            entrypoints=() if entrypoint is None else (text,),
            query=text if entrypoint is None else None,
            builtins=self._declarations(),
            language=self.language,
            capabilities_features=None if allowed is None else allowed.features,
            capabilities_keywords=None if allowed is None else allowed.future_keywords,
        )
        try:
            plan = QUERY_PLAN if entrypoint is None else entrypoint
            return self.front_end.compile(request), plan
        except PolicyError as error:
            raise self._with_plugin_problems(error) from None

    def _declarations(self) -> Mapping[str, BuiltinDecl]:
        """The builtins as compilers know them. Made once: the same object is the same to them."""
        if self._declared is None:
            self._declared = declare(self._builtins)
        return self._declared

    def _plan_of_bundle(self, text: str, entrypoint: str | None) -> tuple[Policy, str]:
        assert self.bundle is not None
        policy = self.bundle.policy
        names = [p.name for p in policy.plans]
        if entrypoint in names and entrypoint is not None:
            if self.capabilities is not None:
                self.capabilities.check_builtins(b.name for b in policy.builtins)
            return policy, entrypoint
        location = ", ".join(f"data.{n.replace('/', '.')}" for n in names)
        message = f"the bundle has no plan for {text}; it has: {location or 'none'}"
        raise PolicyError([Diagnostic("rego_compile_error", message)])

    def _with_plugin_problems(self, error: PolicyError) -> PolicyError:
        """A builtin may be missing because its plugin is broken: then say so beside it."""
        names = getattr(error, "names", ())
        if names and self.registry.problems:
            for problem in self.registry.problems:
                error.add_note(f"not loaded: {problem}")
        return error

    def _hooks(self) -> tuple[Callable[..., Any], Callable[..., Any]] | None:
        hook = self.registry.hook
        begin, end = hook.regolive_query_begin, hook.regolive_query_end
        if not begin.get_hookimpls() and not end.get_hookimpls():
            return None
        return begin, end

    @property
    def modules(self) -> Mapping[str, str]:
        """The Rego texts that queries are compiled against, by file name."""
        return MappingProxyType(self._modules)

    @property
    def builtins(self) -> Mapping[str, BoundBuiltin]:
        """Every builtin that policies can call, by name."""
        return self._builtins

    def status(self) -> dict[str, Any]:
        """What is going on, as plain JSON: the store, the plugins and their own status."""
        plugins: dict[str, Any] = {}
        for name, plugin in self.registry.plugins():
            told = None
            if hasattr(plugin, "regolive_status"):
                answers = self._call_one(plugin, "regolive_status")
                told = answers[0] if answers else None
            plugins[name] = {"status": told} if told is not None else {}
        return {
            "started": self._background is not None,
            "wait_graph": asdict(concurrency.wait_graph_status()),
            "store": {
                "kind": type(self.store).__name__,
                "revision": self.store.revision,
                "open_transactions": [
                    {"kind": t.kind, "thread": t.thread, "opened_at": t.place}
                    for t in self.store.open_transactions()
                ],
                "abandoned_transactions": self.store.abandoned,
            },
            "plugins": plugins,
            "plugin_problems": [str(p) for p in self.registry.problems],
        }
