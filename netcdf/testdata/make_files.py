"""Makes the files of this folder: NetCDF files as xarray and the C library
write them (*.nc), each with what those read in it (*.json).

    python3 -m venv V
    V/bin/pip install numpy==2.4.6 scipy==1.17.1 xarray==2025.12.0 netCDF4==1.7.5.1.post1
    V/bin/python make_files.py

Tests need the files only. Values are flat, in row-major order; NaN is null,
text of type char has one character a byte. "floats", "times" and so on are the
values that xarray and cftime decode.
"""

import json
import pathlib
import warnings

import cftime
import netCDF4
import numpy as np
import xarray as xr

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent
CLASSIC = {"cdf1": "NETCDF3_CLASSIC", "cdf2": "NETCDF3_64BIT_OFFSET", "cdf5": "NETCDF3_64BIT_DATA"}
TYPES = {
    "i1": "int8", "S1": "char", "i2": "int16", "i4": "int32", "f4": "float32", "f8": "float64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "i8": "int64", "u8": "uint64",
}


def plain(values):
    """JSON values of an array."""
    out = []
    for x in np.ravel(values):
        if isinstance(x, (bytes, np.bytes_)):
            x = x.decode("latin1")
        elif isinstance(x, np.generic):
            x = x.item()
        out.append(None if isinstance(x, float) and np.isnan(x) else x)
    return out


def attr(value):
    if isinstance(value, str):
        return {"type": "char", "value": value}
    a = np.atleast_1d(value)
    return {"type": TYPES[a.dtype.str[1:]], "value": plain(a)}


def stamps(values, units, calendar):
    """Times as cftime reads them, in microseconds."""
    out = []
    for x in np.ma.ravel(values):
        if x is np.ma.masked or np.isnan(x):
            out.append(None)
            continue
        t = cftime.num2date(x, units, calendar, only_use_cftime_datetimes=True)
        out.append(t.strftime("%Y-%m-%dT%H:%M:%S") + f".{t.microsecond:06d}")
    return out


def describe(name):
    """Writes what the C library and xarray read in a file."""
    path = HERE / f"{name}.nc"
    out = {"dims": [], "attrs": [], "vars": []}
    with netCDF4.Dataset(path) as nc:
        out["format"] = nc.data_model
        for d in nc.dimensions.values():
            out["dims"].append({"name": d.name, "len": len(d), "unlimited": d.isunlimited()})
        for k in nc.ncattrs():
            out["attrs"].append({"name": k, **attr(nc.getncattr(k))})
        for v in nc.variables.values():
            v.set_auto_maskandscale(False)
            v.set_auto_chartostring(False)
            raw = v[:] if v.ndim else v[...]
            one = {"name": v.name, "type": TYPES[v.dtype.str[1:]], "dims": list(v.dimensions), "attrs": []}
            for k in v.ncattrs():
                one["attrs"].append({"name": k, **attr(v.getncattr(k))})
            one["raw"] = np.asarray(raw).tobytes().decode("latin1") if one["type"] == "char" else plain(raw)
            units = getattr(v, "units", "")
            if " since " in units:
                v.set_auto_maskandscale(True)
                one["times"] = stamps(v[:] if v.ndim else v[...], units, getattr(v, "calendar", "standard"))
            out["vars"].append(one)
    with xr.open_dataset(path, engine="netcdf4", decode_times=False, decode_timedelta=False) as ds:
        out["coords"] = sorted(ds.coords)
        for one in out["vars"]:
            v = ds.variables[one["name"]]
            if v.dtype == bool:
                one["bools"] = plain(v.values)
            elif v.dtype.kind in "OS" and (v.ndim < len(one["dims"]) or not one["dims"]):
                one["strings"] = [x if isinstance(x, str) else x.decode() for x in np.ravel(v.values)]
            elif v.dtype.kind in "fiu":
                one["floats"] = plain(v.values.astype("f8"))
    variables = ",\n".join(json.dumps(v, ensure_ascii=False) for v in out.pop("vars"))
    head = json.dumps(out, ensure_ascii=False)[:-1]
    (HERE / f"{name}.json").write_text(f'{head}, "vars": [\n{variables}\n]}}\n')


def write_xarray(name, data, engine="scipy", **kwargs):
    data.to_netcdf(HERE / f"{name}.nc", engine=engine, **kwargs)
    describe(name)


def all_types(name, data_model):
    """Every type as fixed and as record variable and as attribute."""
    with netCDF4.Dataset(HERE / f"{name}.nc", "w", format=data_model) as nc:
        nc.createDimension("time", None)
        nc.createDimension("x", 3)
        nc.title = "all types"
        nc.empty = ""
        codes = list(TYPES) if data_model == "NETCDF3_64BIT_DATA" else ["i1", "S1", "i2", "i4", "f4", "f8"]
        for code in codes:
            kind = TYPES[code]
            values = np.array([b"a", b"b", b"\xe9"]) if code == "S1" else edges(code)
            fixed = nc.createVariable(f"fixed_{kind}", code, ("x",))
            fixed.set_auto_chartostring(False)
            fixed[:] = values
            record = nc.createVariable(f"record_{kind}", code, ("time", "x"))
            record.set_auto_chartostring(False)
            record[:] = np.stack([values, values[::-1]])
            single = nc.createVariable(f"scalar_{kind}", code, ())
            single[...] = values[1]
            if code != "S1":
                nc.setncattr(f"one_{kind}", values[0])
                nc.setncattr(f"three_{kind}", values)
                fixed.setncattr("three", values)


def edges(code):
    dtype = np.dtype(code)
    if dtype.kind == "f":
        return np.array([-1.5, 0.0, np.finfo(dtype).max], dtype=dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, 1, info.max], dtype=dtype)


def records(name, data_model):
    """Interleaved records with padding, and files with a lone record variable."""
    with netCDF4.Dataset(HERE / f"records_{name}.nc", "w", format=data_model) as nc:
        nc.createDimension("time", None)
        nc.createDimension("x", 3)
        for var, code, dims in [("b", "i1", ("time",)), ("s", "i2", ("time", "x")), ("c", "S1", ("time", "x")), ("d", "f8", ("time",)), ("x", "i4", ("x",))]:
            nc.createVariable(var, code, dims)
        nc["c"].set_auto_chartostring(False)
        nc["b"][:] = np.arange(5)
        nc["s"][:] = np.arange(15).reshape(5, 3)
        nc["c"][:] = np.array([list("abc"), list("def"), list("ghi"), list("jkl"), list("mno")], dtype="S1")
        nc["d"][:] = np.arange(5) / 2
        nc["x"][:] = [7, 8, 9]
    describe(f"records_{name}")
    with netCDF4.Dataset(HERE / f"lone_{name}.nc", "w", format=data_model) as nc:
        nc.createDimension("time", None)
        nc.createDimension("x", 3)
        nc.createVariable("b", "i1", ("time", "x"))[:] = np.arange(12).reshape(4, 3)
    describe(f"lone_{name}")
    with netCDF4.Dataset(HERE / f"empty_{name}.nc", "w", format=data_model) as nc:
        nc.createDimension("time", None)
        nc.createDimension("x", 3)
        nc.createVariable("b", "i1", ("time", "x"))
        nc.createVariable("d", "f8", ("time",))
    describe(f"empty_{name}")


def times():
    numbers = {
        "days": ("days since 2000-01-01", "standard", [0, 59, 60, 366, 8766]),
        "no_calendar": ("hours since 1900-1-1 00:00:0.0", None, [0, 24, 1051896]),
        "fraction": ("days since 1950-01-01", "proleptic_gregorian", [0.1, 18262.1, 27393.123456789, 0.5]),
        "float_seconds": ("seconds since 1970-01-01T00:00:00Z", "gregorian", [1.5, 1709209815.123456, -0.25]),
        "zone": ("hours since 1992-10-8 15:15:42.5 -06:00", "standard", [0, 1, 100]),
        "noleap": ("days since 2001-01-01 12:00", "noleap", [0, 58, 59, 365, 1154]),
        "days_365": ("days since 0001-01-01", "365_day", [0, 364, 365, 730000]),
        "all_leap": ("days since 2000-02-28", "366_day", [0, 1, 2, 366]),
        "days_360": ("days since 2000-01-01", "360_day", [0, 58, 60, 359, 360]),
        "julian": ("days since 1582-10-01", "julian", [0, 3, 4, 100000]),
        "reform": ("days since 1582-10-01", "standard", [0, 3, 4, 100000]),
        "before": ("days since 1582-10-15", "gregorian", [-1, 0, -1000, -300000]),
        "proleptic": ("days since 1582-10-15", "proleptic_gregorian", [-1, 0, -1000, -300000]),
        "minutes": ("minutes since 2024-02-29 23:59:59.5", "standard", [0, 1, 1440]),
        "milliseconds": ("milliseconds since 1970-01-01", "standard", [0, 1, 1234567]),
        "microseconds": ("microseconds since 1970-01-01", "standard", [0, 1, 1234567]),
    }
    with netCDF4.Dataset(HERE / "times.nc", "w", format="NETCDF3_CLASSIC") as nc:
        for name, (units, calendar, values) in numbers.items():
            whole = all(isinstance(v, int) for v in values)
            nc.createDimension(name, len(values))
            v = nc.createVariable(name, "i4" if whole else "f8", (name,))
            v.units = units
            if calendar:
                v.calendar = calendar
            v[:] = values
        nc.createDimension("gaps", 3)
        v = nc.createVariable("int_gaps", "i4", ("gaps",), fill_value=-999)
        v.units = "days since 2000-01-01"
        v[:] = [0, -999, 2]
        v = nc.createVariable("float_gaps", "f8", ("gaps",))
        v.units = "days since 2000-01-01"
        v[:] = [0, np.nan, 2.25]
        v = nc.createVariable("float32_hours", "f4", ("gaps",))
        v.units = "hours since 2000-01-01"
        v[:] = [0, 0.25, 24.5]
    describe("times")


def packed():
    with netCDF4.Dataset(HERE / "packed.nc", "w", format="NETCDF3_CLASSIC") as nc:
        nc.createDimension("n", 4)

        def make(name, code, values, fill=None, **attrs):
            v = nc.createVariable(name, code, ("n",), fill_value=fill)
            v.set_auto_maskandscale(False)
            v.setncatts(attrs)
            v[:] = np.array(values, dtype=code)

        make("plain", "f4", [1, 2, np.nan, 4])
        make("fill_float", "f4", [1, 1e20, 3, 4], fill=np.float32(1e20))
        make("fill_nan", "f8", [1, np.nan, 3, 4], fill=np.nan)
        make("missing_value", "f8", [1, -9999, 3, 4], missing_value=-9999.0)
        make("several", "i2", [1, -9, -8, 4], missing_value=np.array([-9, -8], dtype="i2"))
        make("both", "i4", [1, -9, -8, 4], fill=np.int32(-9), missing_value=np.int32(-8))
        make("scaled", "i2", [0, 100, -32768, 4], fill=np.int16(-32768), scale_factor=0.01, add_offset=273.15)
        make("scale_only", "i4", [0, 100, 7, 4], scale_factor=0.5)
        make("offset_only", "i1", [0, 100, -7, 4], add_offset=np.float32(10))
        make("unsigned", "i1", [0, 127, -128, -1], _Unsigned="true", fill=np.int8(-1))
        make("unsigned_scaled", "i2", [0, 32767, -32768, -2], _Unsigned="true", scale_factor=2.0)
    describe("packed")


def xarrays():
    rng = np.random.default_rng(1)
    write_xarray(
        "get_data",
        xr.Dataset(
            {"t2m": (("x", "y"), np.arange(6, dtype="float64").reshape(2, 3))},
            coords={"x": [10, 20], "y": [1.0, 2.0, 3.0]},
            attrs={"title": "demo"},
        ),
        format="NETCDF3_CLASSIC",
    )
    sample = xr.Dataset(
        {
            "t2m": (("time", "lat", "lon"), (280 + rng.random((4, 3, 2))).astype("f4"), {"units": "K", "standard_name": "air_temperature"}),
            "land": (("lat", "lon"), np.array([[True, False], [False, True], [True, True]])),
            "count": (("time",), np.arange(4)),
            "lead": (("time",), np.array([0, 6, 12, 18], dtype="m8[h]").astype("m8[ns]")),
            "station": (("site",), ["Geesthacht", "Kiel", "", "Büsum"]),
            "code": (("site",), np.array([b"GE", b"K", b"", b"BUE"])),
        },
        coords={
            "time": np.array(["2024-02-28T00", "2024-02-28T12", "2024-02-29T00", "2024-02-29T12"], dtype="M8[ns]"),
            "lat": ("lat", [54.5, 54.0, 53.5], {"units": "degrees_north"}),
            "lon": ("lon", [9.5, 10.0], {"units": "degrees_east"}),
            "area": (("lat", "lon"), np.ones((3, 2))),
            "height": 2.0,
            "run": ("ensemble", [1, 2]),
        },
        attrs={"crs": "EPSG:4326", "history": "made\nfor tests", "version": 3, "weights": [0.5, 0.25]},
    )
    for engine in ["scipy", "netcdf4"]:
        write_xarray(f"xarray_{engine}", sample, engine=engine, format="NETCDF3_CLASSIC")
    write_xarray("xarray_cdf2", sample, engine="netcdf4", format="NETCDF3_64BIT_OFFSET", unlimited_dims=["time"])
    write_xarray("one_value", xr.Dataset({"v": ("x", [1.5]), "n": ((), np.int32(7)), "s": ((), "text")}, coords={"x": [0]}), format="NETCDF3_CLASSIC")
    write_xarray("empty_dimension", xr.Dataset({"v": (("x", "y"), np.zeros((0, 3)))}, coords={"y": [1, 2, 3]}), format="NETCDF3_CLASSIC")
    write_xarray("no_variables", xr.Dataset(attrs={"only": "attributes"}), format="NETCDF3_CLASSIC")
    gaps = np.array(["2024-01-01T00:00:00.000001", "NaT", "2024-01-03"], dtype="M8[us]")
    write_xarray("time_gaps", xr.Dataset({"t": ("n", gaps)}), format="NETCDF3_CLASSIC", encoding={"t": {"dtype": "f8"}})

    array = xr.DataArray([1.0, 2.0], dims=["x"], coords={"x": [1, 2], "aux": ("x", [5, 6]), "height": 2.0}, attrs={"units": "m"})
    write_xarray("dataarray_unnamed", array, format="NETCDF3_CLASSIC")
    write_xarray("dataarray_named", array.rename("depth"), format="NETCDF3_CLASSIC")
    write_xarray("dataarray_of_dimension", array.rename("x"), format="NETCDF3_CLASSIC")


def hdf5():
    with netCDF4.Dataset(HERE / "netcdf4.nc", "w", format="NETCDF4") as nc:
        nc.createDimension("x", 1)


for model, data_model in CLASSIC.items():
    all_types(f"types_{model}", data_model)
    describe(f"types_{model}")
    records(model, data_model)
times()
packed()
xarrays()
hdf5()
