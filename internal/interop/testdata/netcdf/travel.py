"""Lets datasets travel as the Python peers do.

Each line on standard input is a JSON string, as it stands in a request or
response, preceded by "dataset " or "dataarray ". It goes through demessaging's
validator, as in a backend or a stub. The answer is a line with what xarray sees
and with what demessaging's serializer makes of it again.
"""

import json
import sys
import warnings

from demessaging.serializers.xarray import encode_xarray
from demessaging.validators.xarray import validate_dataarray, validate_dataset

from read import decoded, describe

warnings.filterwarnings("ignore")

for line in sys.stdin:
    kind, text = line.split(" ", 1)
    value = json.loads(text)
    if kind == "dataset":
        ds = validate_dataset(None, value)
        found = describe(ds)
        found["text_attrs"] = {k: v for k, v in ds.attrs.items() if isinstance(v, str)}
    else:
        ds = validate_dataarray(None, value)
        found = {"name": ds.name, "coords": sorted(ds.coords), "decoded": {"": {"dims": list(ds.dims), "values": decoded(ds)}}}
    found["again"] = encode_xarray(ds)
    print(json.dumps(found), flush=True)
