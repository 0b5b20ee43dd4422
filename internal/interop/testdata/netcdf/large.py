"""Times a call for a large dataset, and what reading it takes without a call.

    large.py STUB.py

Prints one JSON object: the size of the data in bytes, and the seconds of the
call and of base64, json and xarray alone.
"""

import base64
import importlib.util
import io
import json
import sys
import time

import xarray as xr

answers, sys.stdout = sys.stdout, sys.stderr  # demessaging logs to standard output

spec = importlib.util.spec_from_file_location("stub", sys.argv[1])
stub = importlib.util.module_from_spec(spec)
sys.modules["stub"] = stub
spec.loader.exec_module(stub)

begin = time.perf_counter()
data = stub.get_data().load()
call = time.perf_counter() - begin

text = json.dumps(base64.b64encode(bytes(data.to_netcdf(engine="scipy"))).decode())
begin = time.perf_counter()
again = xr.load_dataset(io.BytesIO(base64.b64decode(json.loads(text))))
alone = time.perf_counter() - begin
assert again.equals(data)

print(json.dumps({"Size": data.nbytes, "Call": call, "Alone": alone}), file=answers)
