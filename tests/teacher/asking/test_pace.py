"""Slots in order, at the server's pace: in a loop whose time passes by itself."""

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jocas_themes.teacher.asking._faults import Fault
from jocas_themes.teacher.asking._pace import Pace


class _Clockwork(asyncio.SelectorEventLoop):
    """A loop in which waiting takes no time: when all wait, it is later."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0
        select = self._selector.select
        self._selector.select = lambda timeout=None: self._skip(select, timeout)

    def _skip(self, select, timeout):
        events = select(0)
        if not events and timeout:
            self.now += timeout
        return events

    def time(self):
        return self.now


@pytest.fixture
def run():
    """Run a coroutine, given a pace's clock, in no time."""
    loop = _Clockwork()

    def run_until_complete(function):
        return loop.run_until_complete(asyncio.wait_for(function(loop.time), 86_400))

    yield run_until_complete
    loop.close()


def _fault(kind="rate_limit", *, retry_after_s=None, is_passing=True):
    return Fault(
        error=ValueError(),
        kind=kind,
        is_passing=is_passing,
        may_be_charged=False,
        retry_after_s=retry_after_s,
    )


async def _ask(pace, clock, *, n_tokens=0, takes_s=0.0, headers=None):
    """Make one request; return when it left."""
    slot = await pace.enter(n_tokens)
    await asyncio.sleep(takes_s)
    pace.leave()
    pace.note_reply(headers or {}, slot)
    return slot.started_at


class TestConcurrency:
    def test_is_never_exceeded_and_the_first_comes_first(self, run):
        async def main(clock):
            pace = Pace(3, clock=clock)
            return await asyncio.gather(*(_ask(pace, clock, takes_s=10) for _ in range(7)))

        # Three at a time, ten seconds each.
        assert run(main) == [1000, 1000, 1000, 1010, 1010, 1010, 1020]

    def test_is_halved_once_a_round_trip(self, run):
        async def main(clock):
            pace = Pace(16, clock=clock)
            slots = [await pace.enter() for _ in range(16)]
            await asyncio.sleep(1)
            limits = []
            for slot in slots[:3]:  # three faults of one storm
                pace.note_fault(_fault(), slot)
                limits.append(pace.limit)
                pace.leave()
            for _ in range(12):
                pace.leave()
            await asyncio.sleep(1)
            after = await pace.enter()  # one of 16 and this one are under way
            pace.note_fault(_fault("overloaded"), after)
            return [*limits, pace.limit]

        assert run(main) == [8, 8, 8, 1]  # half of 16; then half of the 2 under way

    def test_grows_by_one_for_as_many_replies_as_there_are_places(self, run):
        async def main(clock):
            pace = Pace(3, clock=clock)
            slot = await pace.enter()
            pace.note_fault(_fault("timeout"), slot)
            pace.leave()
            limits = []
            for _ in range(8):
                await _ask(pace, clock, takes_s=1)
                limits.append(pace.limit)
            return limits

        # From 1: one reply for a second place, two for a third; never above what was asked for.
        assert run(main) == [2, 2, 3, 3, 3, 3, 3, 3]

    @pytest.mark.parametrize("kind", ["server", "connection", "garbage", "refused_request"])
    def test_is_not_what_other_faults_are_about(self, run, kind):
        async def main(clock):
            pace = Pace(16, clock=clock)
            pace.note_fault(_fault(kind), await pace.enter())
            return pace.limit

        assert run(main) == 16


class TestLimits:
    def test_on_requests_per_minute(self, run):
        async def main(clock):
            pace = Pace(32, requests_per_minute=60, clock=clock)
            return await asyncio.gather(*(_ask(pace, clock) for _ in range(5)))

        assert run(main) == pytest.approx([1000, 1001, 1002, 1003, 1004])

    def test_on_tokens_per_minute(self, run):
        async def main(clock):
            pace = Pace(32, tokens_per_minute=6000, clock=clock)
            asked = (_ask(pace, clock, n_tokens=300) for _ in range(4))
            return await asyncio.gather(*asked)

        assert run(main) == pytest.approx([1000, 1003, 1006, 1009])  # 100 tokens a second

    def test_are_learnt_from_the_headers(self, run):
        headers = {
            "x-ratelimit-limit-requests": "60",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "1m0s",
        }

        async def main(clock):
            pace = Pace(32, clock=clock)
            await _ask(pace, clock, headers=headers)
            return await asyncio.gather(*(_ask(pace, clock) for _ in range(3)))

        assert run(main) == pytest.approx([1001, 1002, 1003])

    def test_learnt_while_others_are_under_way_count_those(self, run):
        headers = {
            "x-ratelimit-limit-tokens": "60000",
            "x-ratelimit-remaining-tokens": "3000",  # before the two that left after it
            "x-ratelimit-reset-tokens": "57s",
        }

        async def main(clock):
            pace = Pace(32, clock=clock)
            first, *_ = [await pace.enter(1000) for _ in range(3)]
            pace.note_reply(headers, first)
            return [await _ask(pace, clock, n_tokens=2000) for _ in range(2)]

        # 3000 - 2 * 1000 are left; 1000 come back each second.
        assert run(main) == pytest.approx([1001, 1003])

    def test_that_cannot_be_true_are_tried_after_a_minute(self, run):
        headers = {
            "x-ratelimit-limit-requests": "10",
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": "24h",
        }

        async def main(clock):
            pace = Pace(32, clock=clock)
            await _ask(pace, clock, headers=headers)
            return [await _ask(pace, clock) for _ in range(2)]

        assert run(main) == pytest.approx([1060, 1120])

    def test_of_a_server_are_kept_and_used_up(self, run):
        """600 requests a minute, of which 100 at once: hardly a refusal, hardly a place lost."""

        async def main(clock):
            pace = Pace(64, clock=clock)
            level, seen_at, refused, asked = 100.0, clock(), 0, iter(range(1100))

            async def work():
                nonlocal level, seen_at, refused
                for _ in asked:
                    slot = await pace.enter()
                    level, seen_at = min(100.0, level + 10 * (clock() - seen_at)), clock()
                    is_refused = level < 1
                    level -= not is_refused
                    headers = {
                        "x-ratelimit-limit-requests": "100",
                        "x-ratelimit-remaining-requests": f"{int(level)}",
                        "x-ratelimit-reset-requests": f"{(100 - level) * 100:.0f}ms",
                    }
                    await asyncio.sleep(0.8 + 0.4 * random.Random(level).random())
                    refused += is_refused
                    if is_refused:
                        pace.note_fault(_fault(), slot)
                    else:
                        pace.note_reply(headers, slot)
                    pace.leave()

            started_at = clock()
            await asyncio.gather(*(work() for _ in range(64)))
            return refused, clock() - started_at

        refused, took_s = run(main)
        assert refused <= 5
        assert took_s < 100 * 1.1  # 100 at once and 10 a second for the others: 100 seconds


class TestRetryAfter:
    def test_holds_everything_back(self, run):
        async def main(clock):
            pace = Pace(4, clock=clock)
            slot = await pace.enter()
            pace.note_fault(_fault(retry_after_s=20), slot)
            pace.note_fault(_fault(retry_after_s=5), slot)  # the longer one holds
            pace.leave()
            return await asyncio.gather(*(_ask(pace, clock) for _ in range(2)))

        assert run(main) == pytest.approx([1020, 1020])

    def test_of_a_fault_that_stays_holds_nothing_back(self, run):
        async def main(clock):
            pace = Pace(4, clock=clock)
            fault = _fault("fatal", retry_after_s=600, is_passing=False)
            pace.note_fault(fault, await pace.enter())
            return await _ask(pace, clock)

        assert run(main) == 1000


class TestStop:
    def test_turns_away_all_who_wait_and_wakes_all_who_pause(self, run):
        async def main(clock):
            pace = Pace(1, requests_per_minute=1, clock=clock)
            await pace.enter()
            waiting = [asyncio.create_task(pace.enter()) for _ in range(3)]
            pausing = asyncio.create_task(pace.pause(500))
            await asyncio.sleep(2)
            assert not pace.is_stopped
            pace.stop()
            turns = await asyncio.gather(*waiting, pausing, pace.enter())
            assert pace.is_stopped
            return turns, clock()

        assert run(main) == ([None] * 5, 1002)

    def test_is_what_a_pause_need_not_wait_for(self, run):
        async def main(clock):
            await Pace(1, clock=clock).pause(3)
            return clock()

        assert run(main) == 1003


class TestCancellation:
    def test_lets_the_next_one_in(self, run):
        async def main(clock):
            pace = Pace(1, clock=clock)
            await pace.enter()
            first, second = (asyncio.create_task(pace.enter()) for _ in range(2))
            await asyncio.sleep(1)
            first.cancel()
            await asyncio.sleep(1)
            pace.leave()
            return (await second).started_at

        assert run(main) == 1002

    def test_at_the_moment_of_ones_turn_gives_it_back(self, run):
        async def main(clock):
            pace = Pace(1, clock=clock)
            await pace.enter()
            first, second = (asyncio.create_task(pace.enter()) for _ in range(2))
            await asyncio.sleep(1)
            pace.leave()  # it is the turn of the first, which does not run yet
            first.cancel()
            return (await second).started_at, first.cancelled()

        assert run(main) == (1001, True)

    def test_of_one_who_waits_for_tokens_lets_a_smaller_request_go_at_once(self, run):
        async def main(clock):
            pace = Pace(4, tokens_per_minute=6000, clock=clock)  # 100 a second, 100 at once
            await pace.enter(100)
            large, small = (asyncio.create_task(pace.enter(n)) for n in (100, 10))
            await asyncio.sleep(0.5)
            large.cancel()
            return (await small).started_at

        assert run(main) == pytest.approx(1000.5)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(0, 2**32), st.floats(0, 0.9))
def test_whatever_fails_everyone_is_served_and_no_slot_is_lost(concurrency, seed, p_fault):
    loop, draw = _Clockwork(), random.Random(seed)
    pace = Pace(concurrency, requests_per_minute=6000, clock=loop.time)
    under_way, most, served = 0, 0, 0

    async def ask():
        nonlocal under_way, most, served
        while True:
            slot = await pace.enter(draw.randrange(3000))
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(draw.random())
            failed = draw.random() < p_fault
            if failed:
                kind = draw.choice(["rate_limit", "server", "timeout"])
                pace.note_fault(_fault(kind, retry_after_s=draw.choice([None, 0.1])), slot)
            under_way -= 1
            pace.leave()
            if not failed:
                pace.note_reply({}, slot)
                served += 1
                return

    async def main():
        asked = [asyncio.create_task(ask()) for _ in range(40)]
        for one in asked[::7]:
            one.cancel()  # before it has run at all
        await asyncio.gather(*asked, return_exceptions=True)
        return [await pace.enter() for _ in range(pace.limit)]  # all places are free again

    assert len(loop.run_until_complete(main())) == pace.limit
    loop.close()
    assert most <= concurrency
    assert served == 40 - 6
