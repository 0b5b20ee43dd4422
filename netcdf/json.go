package netcdf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// MarshalJSON gives the dataset as it travels: a JSON string, the base64 of a
// NetCDF file as the peer's encode_xarray writes it
// (demessaging/serializers/xarray.py). Dimensions are fixed, the format is
// CDF-1, or CDF-2 where the file would be over 2 GiB, integers that NetCDF3
// does not have become those that it has, and floats have a _FillValue of NaN
// unless they have another.
func (ds Dataset) MarshalJSON() ([]byte, error) { return ds.AppendJSON(nil) }

// AppendJSON appends what MarshalJSON gives, straight from the values: nothing
// but dst is allocated, once.
func (ds Dataset) AppendJSON(dst []byte) ([]byte, error) {
	f, err := ds.encoding(wire)
	if err != nil {
		return dst, fmt.Errorf("netcdf: %w", err)
	}
	grown := dst
	if n := len(dst) + int((f.plan.Size()+2)/3*4+2); n > cap(dst) {
		grown = append(make([]byte, 0, n), dst...)
	}
	w := &base64Writer{text: append(grown, '"'), rest: make([]byte, 0, 3)}
	if err := f.plan.WriteTo(w, f.data); err != nil {
		return dst, fmt.Errorf("netcdf: %w", err)
	}
	w.close()
	return append(w.text, '"'), nil
}

// UnmarshalJSON reads what the peer's validate_dataset takes from JSON
// (demessaging/validators/xarray.py): a string that is the base64 of a NetCDF
// file, here of any classic format, or an object as Dataset.to_dict of xarray
// gives it. null and the empty string are errors.
func (ds *Dataset) UnmarshalJSON(text []byte) error {
	got, err := parseJSON(text, "Dataset", datasetOfDict)
	if err != nil {
		return err
	}
	*ds = *got
	return nil
}

// MarshalJSON is [Dataset.MarshalJSON] of the dataset as which xarray writes a
// DataArray.
func (da DataArray) MarshalJSON() ([]byte, error) { return da.AppendJSON(nil) }

// AppendJSON is [Dataset.AppendJSON] of the dataset as which xarray writes a
// DataArray.
func (da DataArray) AppendJSON(dst []byte) ([]byte, error) {
	ds, err := da.Dataset()
	if err != nil {
		return dst, fmt.Errorf("netcdf: %w", err)
	}
	return ds.AppendJSON(dst)
}

// UnmarshalJSON reads what the peer's validate_dataarray takes from JSON: the
// base64 of a file that has one variable beside coordinates, or an object as
// DataArray.to_dict of xarray gives it.
func (da *DataArray) UnmarshalJSON(text []byte) error {
	ds, err := parseJSON(text, "DataArray", arrayOfDict)
	if err != nil {
		return err
	}
	if err := da.setDataset(ds); err != nil {
		return fmt.Errorf("netcdf: %w", err)
	}
	return nil
}

// The schemas have no type: a string or an object is taken. Stub generators
// know a Dataset by the media type, and a DataArray by its parameter.
const (
	datasetSchema   = `{"contentEncoding":"base64","contentMediaType":"application/x-netcdf"}`
	dataArraySchema = `{"contentEncoding":"base64","contentMediaType":"application/x-netcdf; class=DataArray"}`
)

// JSONSchemaBytes gives the JSON schema of the dataset as it travels.
func (Dataset) JSONSchemaBytes() ([]byte, error) { return []byte(datasetSchema), nil }

// JSONSchemaBytes gives the JSON schema of the array as it travels.
func (DataArray) JSONSchemaBytes() ([]byte, error) { return []byte(dataArraySchema), nil }

// parseJSON reads either form of a dataset.
func parseJSON(text []byte, what string, ofDict func([]byte) (*Dataset, error)) (*Dataset, error) {
	text = bytes.TrimSpace(text)
	var ds *Dataset
	var err error
	switch {
	case len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"':
		ds, err = parseString(text)
	case len(text) > 0 && text[0] == '{':
		ds, err = ofDict(text)
	default:
		err = fmt.Errorf("%.20q is no %s: it wants a string, the base64 of a NetCDF file, or an object as xarray's to_dict gives it", text, what)
	}
	if err != nil {
		return nil, fmt.Errorf("netcdf: %w", err)
	}
	return ds, nil
}

// parseString reads the values straight from the text.
func parseString(text []byte) (*Dataset, error) {
	inner := text[1 : len(text)-1]
	if bytes.IndexByte(inner, '\\') >= 0 { // "\/" of some encoders, or line breaks
		var s string
		if err := json.Unmarshal(text, &s); err != nil {
			return nil, err
		}
		inner = dropSpace(s)
	}
	if len(inner) == 0 {
		return nil, errors.New("the string is empty, where the base64 of a NetCDF file was expected")
	}
	r, err := newBase64Reader(inner)
	if err != nil {
		return nil, err
	}
	f, err := open(r, r.size)
	if err != nil {
		return nil, err
	}
	return f.dataset()
}
