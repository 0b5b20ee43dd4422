"""Prints what a reader finds in NetCDF files, one JSON object a file.

    read.py ENGINE FILE...

ENGINE is scipy or netcdf4, both as a library and as xarray's engine. Values
as they are stored are printed as the hexadecimal digits of their big-endian
bytes, so that nothing is lost on the way; decoded ones as JSON with null for
what is missing.
"""

import json
import sys
import warnings

import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")
TYPES = {
    "i1": "int8", "S1": "char", "i2": "int16", "i4": "int32", "f4": "float32", "f8": "float64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "i8": "int64", "u8": "uint64",
}


def stored(values):
    a = np.atleast_1d(values)
    return {"type": TYPES[a.dtype.str[1:]], "hex": a.astype(a.dtype.newbyteorder(">")).tobytes().hex()}


def attributes(pairs):
    out = {}
    for name, value in pairs:
        if isinstance(value, bytes):
            value = value.decode()
        out[name] = {"type": "char", "text": value} if isinstance(value, str) else stored(value)
    return out


def scipy_file(path):
    from scipy.io import netcdf_file

    with netcdf_file(path, mmap=False) as nc:
        variables = {}
        for name, v in nc.variables.items():
            variables[name] = {"dims": list(v.dimensions), "attrs": attributes(v._attributes.items()), **stored(v.data)}
        dims = [{"name": k, "len": nc._recs if n is None else n, "unlimited": n is None} for k, n in nc.dimensions.items()]
        return {"dims": dims, "attrs": attributes(nc._attributes.items()), "vars": variables}


def netcdf4_file(path):
    import netCDF4

    with netCDF4.Dataset(path) as nc:
        nc.set_auto_maskandscale(False)
        nc.set_auto_chartostring(False)
        variables = {}
        for name, v in nc.variables.items():
            pairs = [(k, v.getncattr(k)) for k in v.ncattrs()]
            variables[name] = {"dims": list(v.dimensions), "attrs": attributes(pairs), **stored(v[...])}
        dims = [{"name": d.name, "len": len(d), "unlimited": d.isunlimited()} for d in nc.dimensions.values()]
        return {"dims": dims, "attrs": attributes((k, nc.getncattr(k)) for k in nc.ncattrs()), "vars": variables}


def decoded(v):
    """What a scientist sees of a variable in xarray."""
    values = v.values
    if values.dtype.kind in "Mm":
        values = values.astype("M8[us]" if values.dtype.kind == "M" else "m8[ns]")
        return [None if np.isnat(x) else str(x) if values.dtype.kind == "M" else int(x.astype("i8")) for x in values.ravel()]
    out = []
    for x in values.ravel():
        if hasattr(x, "calendar"):  # a time of cftime
            x = f"{x.year:04d}-{x.month:02d}-{x.day:02d}T{x.hour:02d}:{x.minute:02d}:{x.second:02d}.{x.microsecond:06d}"
        elif isinstance(x, bytes):
            x = x.decode()
        elif isinstance(x, np.generic):
            x = x.item()
        out.append(None if isinstance(x, float) and np.isnan(x) else x)
    return out


def describe(ds):
    return {
        "coords": sorted(ds.coords),
        "decoded": {k: {"dims": list(v.dims), "values": decoded(v)} for k, v in ds.variables.items()},
    }


def main(engine, paths):
    for path in paths:
        found = {"scipy": scipy_file, "netcdf4": netcdf4_file}[engine](path)
        with xr.open_dataset(path, engine=engine, decode_timedelta=True) as ds:
            found.update(describe(ds))
        print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
