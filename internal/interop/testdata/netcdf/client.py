"""Calls a backend of datasets through the stub that demessaging generated.

    client.py STUB.py

STUB.py is the stub of testdata/golden/xarray_data. What get_data gives, and
mean_data makes of it, is printed, one JSON object each.
"""

import importlib.util
import json
import sys

from read import describe

answers, sys.stdout = sys.stdout, sys.stderr  # demessaging logs to standard output

spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
sys.modules["stub"] = stub
spec.loader.exec_module(stub)

data = stub.get_data()
print(json.dumps(describe(data)), file=answers)
print(json.dumps(describe(stub.mean_data(data))), file=answers)
