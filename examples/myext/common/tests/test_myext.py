"""test_myext.py: myext in eight interpreters with GILs of their own, all at work at once.

Run it with `python -m unittest discover tests`, or with pytest.
"""

import threading
import unittest

import myext

from hpystate.testing import Interpreter

ROUNDS = 2000
WORK = """
import myext
mine = object()
myext.remember(mine)
answer = sum(myext.recall() is mine for _ in range({rounds}))
"""


class TestMyext(unittest.TestCase):
    def test_it_remembers(self):
        myext.remember("here")
        self.assertEqual(myext.recall(), "here")

    def test_eight_interpreters_remember_each_its_own(self):
        myext.remember("main")
        right = []

        def work():
            with Interpreter() as other:
                right.append(other.run(WORK.format(rounds=ROUNDS)))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(right, [ROUNDS] * 8)
        self.assertEqual(myext.recall(), "main")


if __name__ == "__main__":
    unittest.main()
