package netcdf

import (
	"fmt"
	"math"
)

// Packing says how floats are stored as integers, by the CF conventions:
// value = stored*Scale + Offset, and Fill is stored for NaN.
type Packing[S int8 | int16 | int32] struct {
	Scale  float64 // 0 counts as 1
	Offset float64
	Fill   S
}

// Pack makes a variable of floats that are stored as integers, with the
// attributes scale_factor, add_offset and _FillValue, which [Values] undoes.
// Values are rounded to the nearest step. One that is out of the range of S,
// or falls on Fill, is a mistake that the variable reports.
func Pack[S int8 | int16 | int32, F float](name string, values []F, p Packing[S], dims ...Dim) *Variable {
	if p.Scale == 0 {
		p.Scale = 1
	}
	stored := make([]S, len(values))
	v := NewVariable(name, stored, dims...)
	v.SetAttr("scale_factor", p.Scale).SetAttr("add_offset", p.Offset).SetAttr("_FillValue", p.Fill)
	for i, x := range values {
		if math.IsNaN(float64(x)) {
			stored[i] = p.Fill
			continue
		}
		step := math.RoundToEven((float64(x) - p.Offset) / p.Scale)
		if !floatFits[S](step) || S(step) == p.Fill {
			v.err = fmt.Errorf("value number %d, %v, would be stored as %v, which is out of the range of %s or its fill value %d: choose another scale or offset", i, x, step, v.Type(), p.Fill)
			return v
		}
		stored[i] = S(step)
	}
	return v
}
