"""Bodies that each compare one thing with a constant of their own become a switch.

``allow if input.action == "read"; ...`` a thousand times over is a thousand comparisons of one
lookup. Here it is found out which of a row of blocks test the same lookup, and they become the
cases of a ``SwitchStmt``: one look into a dict says which of them can hold at all. Blocks without
such a test stay where they are. What is inside a case is looked through again, for a second test.

Blocks that only add to a common value (a rule's bodies) may be asked in any order; where it matters
(``else``), only neighbours become a switch, and keep their order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from regolive.codegen.shape import PURE, AnyOfStmt, SwitchStmt, blocks_of, reads, walk, writes
from regolive.codegen.split import rename_block
from regolive.ir import nodes as ir
from regolive.values import UNDEFINED, parse_number, to_key

# With fewer constants than this, comparing one after the other is as fast.
MIN_CONSTANTS = 4
# A block with more constants than this is no case: it would be written once for each.
MAX_SHARES = 4

Chain = tuple[Any, ...]
"""A lookup: the local it begins with, and its constant keys."""


def switched(function: ir.Func, inert: frozenset[str]) -> ir.Func:
    """The function with switches in it, if it has rows of blocks that make one."""
    blocks = switch_blocks(function.blocks, inert, (*function.params, function.returns))
    return function if blocks is function.blocks else replace(function, blocks=blocks)


def switch_blocks(
    blocks: tuple[ir.Block, ...], inert: frozenset[str], locals_: Sequence[int] = ()
) -> tuple[ir.Block, ...]:
    """The blocks with switches in them; the same object if there is nothing to switch on."""
    if not any(len(row) >= MIN_CONSTANTS and _compares(row) for row in _rows(blocks)):
        return blocks
    touched = Counter(_touched(walk(blocks)))
    read = frozenset(local for _, s in walk(blocks) for local in reads(s))
    return _Switcher(inert, max([1, *touched, *locals_]) + 1, touched, read).row(blocks)


def _rows(blocks: tuple[ir.Block, ...]) -> Iterator[tuple[ir.Block, ...]]:
    yield blocks
    for _, stmt in walk(blocks):
        if isinstance(stmt, ir.BlockStmt):
            yield stmt.blocks


def _compares(row: tuple[ir.Block, ...]) -> bool:
    """Whether enough blocks of a row compare something at all."""
    return (
        sum(
            any(
                isinstance(stmt, ir.EqualStmt | AnyOfStmt)
                or (isinstance(stmt, ir.CallStmt) and stmt.func == "internal.member_2")
                for stmt in block.stmts
            )
            for block in row
        )
        >= MIN_CONSTANTS
    )


@dataclass(frozen=True, slots=True)
class _Test:
    """A test in a block: the keys of its constants, and the statements that it consists of."""

    keys: tuple[Any, ...]
    stmts: frozenset[int]


@dataclass(slots=True)
class _Candidate:
    """A block of a row, with the tests that stand before everything else it does."""

    block: ir.Block
    tests: dict[Chain, _Test]
    free: bool  # whether it may be asked before or after its neighbours
    number: int = 0


@dataclass(slots=True)
class _Switcher:
    """``fresh`` is the next local that nothing uses; ``touched`` how often each is in all,
    ``read`` those whose value is asked for."""

    inert: frozenset[str]
    fresh: int
    touched: Mapping[int, int]
    read: frozenset[int]

    def row(self, blocks: tuple[ir.Block, ...]) -> tuple[ir.Block, ...]:
        """A row of blocks, with those that can be in switches."""
        blocks = tuple(self._inside(b) for b in blocks)
        if len(blocks) < MIN_CONSTANTS:
            return blocks
        candidates = self._candidates(blocks)
        out: list[ir.Block] = []
        at = 0
        while at < len(candidates):
            end = at
            while end < len(candidates) and candidates[end].free:
                end += 1
            if end - at >= MIN_CONSTANTS:
                out += self._any_order(candidates[at:end])
                at = end
                continue
            chain, end = self._neighbours(candidates, at)
            made = None if chain is None else self._switch(candidates[at:end], chain)
            if made is None:
                out.append(candidates[at].block)
                at += 1
            else:
                out.append(made)
                at = end
        return tuple(out)

    def _inside(self, block: ir.Block) -> ir.Block:
        """The block with switches in the rows inside it."""
        if not any(blocks_of(s) for s in block.stmts):
            return block
        stmts: list[ir.Stmt] = []
        for stmt in block.stmts:
            if isinstance(stmt, ir.BlockStmt):
                stmts.append(replace(stmt, blocks=self.row(stmt.blocks)))
            elif isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
                stmts.append(replace(stmt, block=self._inside(stmt.block)))
            else:
                stmts.append(stmt)
        return ir.Block(tuple(stmts))

    def _any_order(self, row: list[_Candidate]) -> list[ir.Block]:
        """Switches for the most frequent tests, each where its first block was."""
        for number, each in enumerate(row):
            each.number = number
        places: dict[int, ir.Block] = {}
        while len(row) >= MIN_CONSTANTS:
            counts: dict[Chain, set[Any]] = {}
            for each in row:
                for chain, test in each.tests.items():
                    counts.setdefault(chain, set()).update(test.keys)
            chain = max(counts, key=lambda c: len(counts[c]), default=())
            if not chain or len(counts[chain]) < MIN_CONSTANTS:
                break
            cases = [each for each in row if chain in each.tests]
            made = self._switch(cases, chain)
            if made is None:
                break
            places[cases[0].number] = made
            row = [each for each in row if chain not in each.tests]
        places |= {each.number: each.block for each in row}
        return [block for _, block in sorted(places.items(), key=lambda item: item[0])]

    @staticmethod
    def _neighbours(row: list[_Candidate], at: int) -> tuple[Chain | None, int]:
        """The test that most blocks in a row from here on have, and where that row ends."""
        best: tuple[Chain | None, int] = None, at
        for chain in row[at].tests:
            end = at
            while end < len(row) and chain in row[end].tests:
                end += 1
            if end > best[1]:
                best = chain, end
        return best

    def _switch(self, cases: list[_Candidate], chain: Chain) -> ir.Block | None:
        """One block that looks up what is tested and has the cases; None if it is not worth it."""
        buckets: dict[Any, list[int]] = {}
        for number, case in enumerate(cases):
            for key in case.tests[chain].keys:
                buckets.setdefault(key, []).append(number)
        if len(buckets) < MIN_CONSTANTS:
            return None
        rows: dict[tuple[int, ...], list[Any]] = {}
        for key, row in buckets.items():
            rows.setdefault(tuple(row), []).append(key)
        pos = cases[0].block.stmts[0].pos
        stmts, on = self._lookup(chain, pos)
        written: set[int] = set()
        made: list[tuple[ir.Block, ...]] = []
        for numbers in rows:
            blocks = []
            for number in numbers:
                case = cases[number]
                own = self._own(case.block) if number in written else {}
                block = _without(case.block, case.tests[chain].stmts)
                blocks.append(_deeper(rename_block(block, own) if own else block, 1))
                written.add(number)
            made.append(self.row(tuple(blocks)))
        keys = tuple((key, number) for number, found in enumerate(rows.values()) for key in found)
        stmts.append(SwitchStmt(on, keys, tuple(made), pos=pos))
        return ir.Block(tuple(stmts))

    def _lookup(self, chain: Chain, pos: ir.Pos) -> tuple[list[ir.Stmt], int]:
        stmts: list[ir.Stmt] = []
        on, *keys = chain
        for key in keys:
            operand: ir.Operand = ir.Local(self._local()) if isinstance(key, int) else ir.Const(key)
            if isinstance(operand, ir.Local):
                stmts.append(ir.MakeNumberIntStmt(key, operand.index, pos=pos))
            target = self._local()
            stmts.append(ir.DotStmt(ir.Local(on), operand, target, pos=pos))
            on = target
        return stmts, on

    def _local(self) -> int:
        self.fresh += 1
        return self.fresh - 1

    def _own(self, block: ir.Block) -> dict[int, int]:
        """Other numbers for the locals that nothing outside of a block touches."""
        here = Counter(_touched(walk([block])))
        return {
            local: self._local()
            for local, times in sorted(here.items())
            if self.touched.get(local, times) == times
        }

    # what a block tests

    def _candidates(self, blocks: tuple[ir.Block, ...]) -> list[_Candidate]:
        touching: dict[int, set[int]] = {}
        changing: set[int] = set()  # locals that some block of the row gives a value
        for number, block in enumerate(blocks):
            for _, stmt in walk([block]):
                for local in reads(stmt):
                    touching.setdefault(local, set()).add(number)
                for local in (*writes(stmt), *_filled(stmt)):
                    touching.setdefault(local, set()).add(number)
                    if not isinstance(stmt, ir.WithStmt):  # puts back what it replaces
                        changing.add(local)
        shared = {local for local in changing if len(touching[local]) > 1}
        found = []
        for block in blocks:
            leaves = leaves_block(block, 1)
            free = not leaves and all(_only_adds(s, shared, self.read) for _, s in walk([block]))
            tests = {} if leaves and _asks_dynamically(block) else self._tests(block, changing)
            found.append(_Candidate(block, tests, free))
        return found

    def _tests(self, block: ir.Block, changing: set[int]) -> dict[Chain, _Test]:
        """The comparisons with constants that a block makes before it does anything else."""
        chains: dict[int, Chain] = {}
        constants: dict[int, Any] = {}
        members: dict[int, tuple[Chain, tuple[Any, ...], ir.Stmt]] = {}
        found: dict[Chain, _Test] = {}
        made: set[int] = set()

        def chain_of(operand: ir.Operand) -> Chain | None:
            if not isinstance(operand, ir.Local):
                return None
            known = chains.get(operand.index)
            if known is None and operand.index not in changing:
                return (operand.index,)
            return known

        def constant_of(operand: ir.Operand) -> Any:
            if isinstance(operand, ir.Const):
                return operand.value
            return constants.get(operand.index, UNDEFINED)

        def compared(stmt: ir.Stmt) -> tuple[Chain, Any] | None:
            if not isinstance(stmt, ir.EqualStmt):
                return None
            for a, b in ((stmt.a, stmt.b), (stmt.b, stmt.a)):
                chain, value = chain_of(a), constant_of(b)
                if chain is not None and value is not UNDEFINED:
                    return chain, value
            return None

        def note(chain: Chain, values: Sequence[Any], *stmts: ir.Stmt) -> None:
            keys = tuple(dict.fromkeys(to_key(value) for value in values))
            if chain not in found and 0 < len(keys) <= MAX_SHARES:
                found[chain] = _Test(keys, frozenset(map(id, stmts)))

        for stmt in block.stmts:
            match stmt:
                case ir.DotStmt():
                    source, key = chain_of(stmt.source), constant_of(stmt.key)
                    if source is not None and key.__class__ in (str, int):
                        chains[stmt.target] = (*source, key)
                case ir.AssignVarStmt():
                    source, value = chain_of(stmt.source), constant_of(stmt.source)
                    if source is not None:
                        chains[stmt.target] = source
                    elif value is not UNDEFINED:
                        constants[stmt.target] = value
                case ir.MakeNumberRefStmt():
                    constants[stmt.target] = parse_number(stmt.text)
                case ir.MakeNumberIntStmt():
                    constants[stmt.target] = stmt.value
                case ir.MakeNullStmt():
                    constants[stmt.target] = None
                case ir.MakeSetStmt() | ir.MakeArrayStmt():
                    made.add(stmt.target)
                    constants[stmt.target] = []
                case ir.MakeObjectStmt():
                    made.add(stmt.target)
                case ir.SetAddStmt(set=into) | ir.ArrayAppendStmt(array=into) if into in made:
                    value = constant_of(stmt.value)
                    if value is UNDEFINED or into not in constants:
                        constants.pop(into, None)
                    else:
                        constants[into] = [*constants[into], value]
                case ir.ObjectInsertStmt(object=into) if into in made:
                    pass
                case ir.EqualStmt():
                    test = compared(stmt)
                    if test is not None and test[1].__class__ is not list:
                        note(test[0], [test[1]], stmt)
                case AnyOfStmt():
                    tests = [compared(t) for t in stmt.tests]
                    known = {t[0] for t in tests if t is not None}
                    if len(known) == 1 and None not in tests:
                        note(known.pop(), [t[1] for t in tests if t is not None], stmt)
                case ir.CallStmt(func="internal.member_2", args=(value_, among)):
                    chain, values = chain_of(value_), constant_of(among)
                    if chain is not None and values.__class__ is list:
                        members[stmt.result] = chain, tuple(values), stmt
                case ir.NotEqualStmt(a=ir.Local(index=result), b=ir.Const(value=False)) if (
                    result in members
                ):
                    chain, values, call = members[result]
                    note(chain, values, stmt, call)
                case ir.CallStmt() if stmt.func in self.inert:
                    pass
                case ir.IsUndefinedStmt():
                    pass
                case ir.ResetLocalStmt() if stmt.target not in self.read:
                    pass
                case _:
                    if not isinstance(stmt, PURE):
                        break
        return found


def _only_adds(stmt: ir.Stmt, shared: set[int], read: frozenset[int]) -> bool:
    """Whether a statement has to do with what other blocks give a value only by adding to it."""
    match stmt:
        case ir.ReturnLocalStmt() | ir.ResultSetAddStmt():
            return False
        case ir.ResetLocalStmt():
            return stmt.target not in shared or stmt.target not in read
        case ir.AssignVarOnceStmt(source=source):
            return not (isinstance(source, ir.Local) and source.index in shared)
    touched = [*reads(stmt), *writes(stmt)]
    filled = _filled(stmt)
    if filled:
        return sum(local in shared for local in touched) == sum(f in shared for f in filled)
    return not any(local in shared for local in touched)


def _filled(stmt: ir.Stmt) -> tuple[int, ...]:
    """The composite that a statement puts something into."""
    match stmt:
        case ir.ArrayAppendStmt():
            return ()  # an array has an order
        case ir.SetAddStmt():
            return (stmt.set,)
        case ir.ObjectInsertOnceStmt():
            return (stmt.object,)
    return ()


def _touched(stmts: Iterable[tuple[Any, ir.Stmt]]) -> Iterator[int]:
    for _, stmt in stmts:
        yield from reads(stmt)
        yield from writes(stmt)


def _without(block: ir.Block, stmts: frozenset[int]) -> ir.Block:
    return ir.Block(tuple(s for s in block.stmts if id(s) not in stmts))


def leaves_block(block: ir.Block, levels: int) -> bool:
    """Whether something in the block jumps ``levels`` or more levels out of it."""
    for stmt in block.stmts:
        if isinstance(stmt, ir.BreakStmt) and stmt.index >= levels:
            return True
        if isinstance(stmt, ir.CallDynamicStmt):
            return True
        if any(leaves_block(b, levels + 1) for b in blocks_of(stmt)):
            return True
    return False


def _asks_dynamically(block: ir.Block) -> bool:
    """Whether it may leave a number of blocks that is no part of the statement."""
    return any(isinstance(s, ir.CallDynamicStmt) for _, s in walk([block]))


def _deeper(block: ir.Block, levels: int) -> ir.Block:
    """The block with one more around it: what it jumps out to is one further out."""
    if not leaves_block(block, levels):
        return block
    stmts: list[ir.Stmt] = []
    for stmt in block.stmts:
        if isinstance(stmt, ir.BreakStmt) and stmt.index >= levels:
            stmts.append(replace(stmt, index=stmt.index + 1))
        elif isinstance(stmt, ir.BlockStmt):
            stmts.append(replace(stmt, blocks=tuple(_deeper(b, levels + 1) for b in stmt.blocks)))
        elif isinstance(stmt, ir.ScanStmt | ir.NotStmt | ir.WithStmt):
            stmts.append(replace(stmt, block=_deeper(stmt.block, levels + 1)))
        elif isinstance(stmt, SwitchStmt):
            cases = tuple(tuple(_deeper(b, levels + 1) for b in case) for case in stmt.cases)
            stmts.append(replace(stmt, cases=cases))
        else:
            stmts.append(stmt)
    return ir.Block(tuple(stmts))
