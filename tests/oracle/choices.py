"""Choices: where a generator's decisions come from. Hypothesis, which can shrink what it chose, or a seeded random."""

import functools
import random

from hypothesis import strategies as st


@functools.lru_cache(maxsize=None)
def _below(bound):
    return st.integers(0, bound - 1)


class Choices:
    """Decisions on top of one question: a number below a bound. 0 is the plainest answer, to which Hypothesis shrinks."""

    def __init__(self, below):
        self._below = below
        self._faults_left = 0

    @classmethod
    def from_hypothesis(cls, draw):
        """`draw` of a composite strategy."""
        return cls(lambda bound: draw(_below(bound)))

    @classmethod
    def from_seed(cls, seed):
        return cls(random.Random(seed).randrange)

    def below(self, bound):
        return self._below(bound) if bound > 1 else 0

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def of(self, options):
        return options[self.below(len(options))]

    def percent(self, chance):
        """True in `chance` of 100 cases."""
        return self.below(100) >= 100 - chance

    def allow_faults(self, most=1):
        """Decides how many faults the next request may have. Of two, it is their order that decides the answer."""
        self._faults_left = self.weighted([(60, 0), (40, 1)]) if most == 1 else self.between(0, most)

    def fault(self, chance):
        """True in `chance` of 100 places of a request that may still have a fault."""
        if self._faults_left == 0 or not self.percent(chance):
            return False
        self._faults_left -= 1
        return True

    def weighted(self, options):
        """One of [(weight, what), ...]."""
        left = self.below(sum(weight for weight, _ in options))
        for weight, what in options:
            if left < weight:
                return what
            left -= weight
        raise AssertionError("weights changed under way")

    def some(self, options, at_most):
        """Up to `at_most` of the options, each once, in an order of their own."""
        rest = list(options)
        chosen = []
        for _ in range(self.below(min(at_most, len(rest)) + 1)):
            chosen.append(rest.pop(self.below(len(rest))))
        return chosen
