"""Hold stubs against black.

    judge.py FILE.py WIDTH [FILE.py WIDTH ...]

Prints a diff for each file that black would change at that line length. What is
the same in all stubs is left out where the first line of a file says "# short".
"""
import difflib
import re
import sys

import black

same = re.compile(r"def _call\(.*    return Reliable\n", re.DOTALL)
for path, width in zip(sys.argv[1::2], map(int, sys.argv[2::2])):
    text = open(path, encoding="utf-8").read()
    if text.startswith("# short\n"):
        short = 'def _call(x):\n    return f"{x}"\n'
        text = same.sub(lambda _: short, text, count=1)
    made = black.format_str(text, mode=black.Mode(line_length=width))
    diff = difflib.unified_diff(
        text.splitlines(True), made.splitlines(True), path, f"black -l {width}"
    )
    sys.stdout.writelines(diff)
