"""Mixed load with faults for minutes: no wrong answer, and no growth of memory, descriptors and threads.

ci/soak runs this file. Every client thread chooses its next act at random. A seed of the test is in its figures.
"""

