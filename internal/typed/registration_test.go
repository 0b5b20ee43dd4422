package typed_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/dasf-go/dasf"
	"github.com/dasf-go/dasf/internal/typed"
)

func forRequest[T any](o typed.Options) func() error {
	return func() error {
		_, err := typed.ForRequest[T](typed.NewCompiler(o), "Func f")
		return err
	}
}

func forResult[T any](tags ...string) func() error {
	return func() error {
		k, err := typed.For[T](typed.NewCompiler(typed.Options{}), "Func f")
		if err != nil {
			return err
		}
		_, err = k.Result(tags...)
		return err
	}
}

type (
	panickyEnum   string
	emptyEnum     string
	wrongEnum     string
	withMethods   interface{ Do() }
	badSchema     struct{ X int }
	failingSchema struct{ X int }
	hidden        struct {
		A int `json:"a"`
	}
)

func (panickyEnum) Enum() []any                        { panic("no") }
func (emptyEnum) Enum() []any                          { return nil }
func (wrongEnum) Enum() []any                          { return []any{1} }
func (badSchema) MarshalJSON() ([]byte, error)         { return nil, nil }
func (badSchema) JSONSchemaBytes() ([]byte, error)     { return []byte("{"), nil }
func (failingSchema) MarshalJSON() ([]byte, error)     { return nil, nil }
func (failingSchema) JSONSchemaBytes() ([]byte, error) { return nil, errors.New("no schema") }

// TestRegistrationErrors: a mistake in the program is found when it starts, and
// the error names the use, the type and field, and the cure.
func TestRegistrationErrors(t *testing.T) {
	none := typed.Options{}
	for name, row := range map[string]struct {
		compile func() error
		says    []string
	}{
		"parameter func_name": {forRequest[struct {
			X int `json:"func_name"`
		}](none), []string{"Func f: ", ".X: ", `"func_name"`, "another json tag"}},
		"parameter class_name": {forRequest[struct {
			X int `json:"class_name"`
		}](none), []string{`"class_name"`}},
		"parameter function": {forRequest[struct {
			X int `json:"function"`
		}](none), []string{`"function"`}},
		"alias of a parameter func_name": {forRequest[struct {
			X int `json:"func_name" alias:"name"`
		}](none), []string{`"func_name"`}},
		"lat-lon": {forRequest[struct {
			X int `json:"lat-lon"`
		}](none), []string{`"lat-lon" is no identifier`, "`alias:\"lat_lon\"`"}},
		"2x": {forRequest[struct {
			X int `json:"2x"`
		}](none), []string{`"2x" is no identifier`, "`alias:\"x2x\"`"}},
		"a name that is not ASCII": {forRequest[struct {
			X int `json:"größe"`
		}](none), []string{`"größe" is no identifier`}},
		"_ in front": {forRequest[struct {
			X int `json:"_x"`
		}](none), []string{`"_x" begins with _`, "`alias:\"x\"`"}},
		"model_ in front": {forRequest[struct {
			X int `json:"model_name"`
		}](none), []string{`"model_name" begins with model_`, "`alias:\"the_model_name_\"`"}},
		"schema": {forRequest[struct {
			X int `json:"schema"`
		}](none), []string{`"schema" is the name of a method of pydantic's BaseModel`, "`alias:\"schema_\"`"}},
		"json": {forRequest[struct {
			X int `json:"json"`
		}](none), []string{`"json" is the name of a method`}},
		"copy": {forRequest[struct {
			X int `json:"copy"`
		}](none), []string{`"copy" is the name of a method`}},
		"a keyword of Python": {forRequest[struct {
			X int `json:"from"`
		}](none), []string{`"from" is a keyword of Python`}},
		"a reserved word of TypeScript": {forRequest[struct {
			X int `json:"default"`
		}](none), []string{`"default" is a reserved word of TypeScript`}},
		"a bad name in a nested type": {forRequest[struct {
			X []struct {
				Y int `json:"y z"`
			} `json:"x"`
		}](none), []string{".X: ", ".Y: ", `"y z"`}},
		"a bad name in a result": {forResult[map[string]struct {
			Y int `json:"class"`
		}](), []string{`"class" is a keyword`}},
		"an alias that is no name": {forRequest[struct {
			X int `json:"x-y" alias:"x y"`
		}](none), []string{"alias tag", `"x y"`}},
		"an alias that is a keyword": {forRequest[struct {
			X int `json:"x-y" alias:"class"`
		}](none), []string{"alias tag", `"class" is a keyword`}},
		"an alias that another field has": {forRequest[struct {
			X int `json:"x"`
			Y int `json:"x-y" alias:"x"`
		}](none), []string{`both X and Y "x"`}},
		"two fields of one name": {func() error {
			field := func(name string) reflect.StructField {
				return reflect.StructField{Name: name, Type: reflect.TypeFor[int](), Tag: `json:"x"`}
			}
			_, err := typed.Decoder(reflect.StructOf([]reflect.StructField{field("X"), field("Y")}), none)
			return err
		}, []string{"X and Y", `"x"`}},
		"an option of the json tag": {forRequest[struct {
			X int `json:"x,string"`
		}](none), []string{"json tag", `"string" is not supported`}},
		"an embedded pointer to an unexported struct": {forRequest[struct {
			*hidden
		}](none), []string{"embed the struct itself"}},

		"no struct": {forRequest[int](none), []string{"int cannot be the parameters: use a struct"}},
		"a type with JSON methods for parameters": {forRequest[time.Time](none), []string{"cannot be the parameters"}},
		"a channel": {forRequest[struct {
			X chan int `json:"x"`
		}](none), []string{".X: ", "chan int has no JSON form"}},
		"a function":           {forResult[func()](), []string{"func() has no JSON form"}},
		"a complex number":     {forResult[[]complex128](), []string{"complex128 has no JSON form"}},
		"an interface":         {forResult[withMethods](), []string{"interface with methods", "dasf.OneOf2"}},
		"an error":             {forResult[error](), []string{"interface with methods"}},
		"a map by structs":     {forResult[map[hidden]int](), []string{"a map's keys", "hidden"}},
		"a map by floats":      {forResult[map[float64]int](), []string{"a map's keys", "float64"}},
		"a set of interfaces":  {forResult[dasf.Set[any]](), []string{"must be comparable"}},
		"a union of the same":  {forResult[dasf.OneOf2[int, int]](), []string{"two alternatives are int"}},
		"an enum that panics":  {forResult[panickyEnum](), []string{"panickyEnum", "panicked"}},
		"an enum of nothing":   {forResult[emptyEnum](), []string{"Enum returns no values"}},
		"an enum of ints":      {forResult[wrongEnum](), []string{"Enum returns 1"}},
		"a schema that is bad": {forResult[badSchema](), []string{"JSONSchemaBytes is not valid JSON"}},
		"a schema that fails":  {forResult[failingSchema](), []string{"no schema"}},

		"a default of the wrong type": {forRequest[struct {
			X int `json:"x" default:"one"`
		}](none), []string{".X: ", "default tag", `"one" is not JSON`}},
		"a default that does not decode": {forRequest[struct {
			X int `json:"x" default:"1.5"`
		}](none), []string{"default tag", "1.5 is no value of the field", "fractional part"}},
		"a default that is null": {forRequest[struct {
			X int `json:"x" default:"null"`
		}](none), []string{"default tag", "null is no value of the field"}},
		"a default that breaks a rule": {forRequest[struct {
			X int `json:"x" default:"0" validate:"gte=1"`
		}](none), []string{"default tag", "0 is no value of the field", "greater than or equal to 1"}},
		"a default that is no enum value": {forRequest[struct {
			X Color `json:"x" default:"green"`
		}](none), []string{"default tag", `"green" is no value of the field`, "'red' or 'blue'"}},
		"a default of a list": {forRequest[struct {
			X []int `json:"x" default:"[1,\"a\"]"`
		}](none), []string{"default tag", "1: Input should be a valid integer"}},
		"a default of a nested type": {forRequest[struct {
			X Address `json:"x" default:"{}"`
		}](none), []string{"default tag", "street: Field required"}},
		"an example of the wrong type": {forRequest[struct {
			X int `json:"x" example:"\"a\""`
		}](none), []string{"example tag", `"a" is no value of the field`}},
		"a const of the wrong type": {forRequest[struct {
			X int `json:"x" const:"\"a\""`
		}](none), []string{"const tag", `"a" is no value of the field`}},

		"a const of a list": {forRequest[struct {
			X []int `json:"x" const:"[1]"`
		}](none), []string{"const tag", "[]int cannot be fixed"}},

		"a rule nobody knows": {forRequest[struct {
			X int `json:"x" validate:"positiv"`
		}](none), []string{".X: ", "validate tag", `"positiv"`, "register the rule on Config.Validator"}},
		"a rule that does not apply": {forRequest[struct {
			X bool `json:"x" validate:"gte=1"`
		}](none), []string{`"gte=1" does not work on bool`}},
		"a rule with a bad parameter": {forRequest[struct {
			X int `json:"x" validate:"gte=a"`
		}](none), []string{`"gte=a" does not work on int`}},
		"a bad rule behind a good one": {forRequest[struct {
			X string `json:"x" validate:"min=1,nonsense"`
		}](none), []string{`"nonsense"`}},
		"a bad rule behind omitempty": {forRequest[struct {
			X string `json:"x" validate:"omitempty,nonsense"`
		}](none), []string{`"nonsense"`}},
		"a bad alternative": {forRequest[struct {
			X string `json:"x" validate:"email|nonsense"`
		}](none), []string{`"nonsense"`}},
		"a bad rule of elements": {forRequest[struct {
			X []int `json:"x" validate:"dive,nonsense"`
		}](none), []string{`"nonsense"`}},
		"a bad rule of a map's keys": {forRequest[struct {
			X map[string]int `json:"x" validate:"dive,keys,nonsense,endkeys"`
		}](none), []string{`"nonsense"`}},
		"a bad rule in a nested type": {forRequest[struct {
			X []struct {
				Y int `json:"y" validate:"nonsense"`
			} `json:"x"`
		}](none), []string{".Y: ", `"nonsense"`}},
		"dive into a number": {forRequest[struct {
			X int `json:"x" validate:"dive,gte=1"`
		}](none), []string{"dive into int"}},
		"keys of a slice": {forRequest[struct {
			X []int `json:"x" validate:"dive,keys,gte=1,endkeys"`
		}](none), []string{"keys of []int"}},
		"keys without end": {forRequest[struct {
			X map[string]int `json:"x" validate:"dive,keys,min=1"`
		}](none), []string{"keys without endkeys"}},
		"keys without dive": {forRequest[struct {
			X map[string]int `json:"x" validate:"keys,min=1,endkeys"`
		}](none), []string{"keys must stand directly after dive"}},
		"an empty rule": {forRequest[struct {
			X int `json:"x" validate:"gte=1,,lte=2"`
		}](none), []string{"an entry is empty", "0x2C"}},
		"structonly": {forRequest[struct {
			X hidden `json:"x" validate:"structonly"`
		}](none), []string{"structonly is not supported"}},
		"a rule on a struct": {forRequest[struct {
			X hidden `json:"x" validate:"min=1"`
		}](none), []string{`"min=1" cannot be checked`, "Validate() error"}},
		"a rule on a union": {forRequest[struct {
			X dasf.OneOf2[int, string] `json:"x" validate:"min=1"`
		}](none), []string{`"min=1" cannot be checked`}},
		"a rule on any": {forRequest[struct {
			X any `json:"x" validate:"min=1"`
		}](none), []string{`"min=1" cannot be checked`}},
		"a rule of a decimal": {forRequest[struct {
			X dasf.Decimal `json:"x" validate:"email"`
		}](none), []string{`"email" cannot be checked`, "gte"}},
		"a bound of a decimal": {forRequest[struct {
			X dasf.Decimal `json:"x" validate:"gte=a"`
		}](none), []string{`"a" is no decimal number`}},
		"a field that is not there": {forRequest[struct {
			X int `json:"x" validate:"eqfield=Y"`
		}](none), []string{"has no field Y"}},
		"a field by its JSON name": {forRequest[struct {
			X int `json:"x" validate:"required_with=y"`
			Y int `json:"y"`
		}](none), []string{"has no field y", "Go name"}},
		"a rule beyond the struct": {forRequest[struct {
			X int `json:"x" validate:"eqcsfield=Y.Z"`
		}](none), []string{"eqcsfield is not supported"}},
		"a rule of neighbours after dive": {forRequest[struct {
			X []int `json:"x" validate:"dive,required_with=Y"`
			Y int   `json:"y"`
		}](none), []string{"required_with after dive"}},
		"a pattern that does not compile": {forRequest[struct {
			X string `json:"x" pattern:"(?=a)"`
		}](none), []string{"pattern tag", "RE2"}},
		"a pattern of a number": {forRequest[struct {
			X int `json:"x" pattern:"a"`
		}](none), []string{"pattern tag: int is no string"}},
		"a multiple of zero": {forRequest[struct {
			X int `json:"x" multipleOf:"0.0"`
		}](none), []string{"multipleOf tag", "no number above zero"}},
		"a multiple of zero with an exponent": {forRequest[struct {
			X int `json:"x" multipleOf:"0e5"`
		}](none), []string{"multipleOf tag", "no number above zero"}},
		"a multiple of a word": {forRequest[struct {
			X int `json:"x" multipleOf:"two"`
		}](none), []string{"multipleOf tag", `"two"`}},
		"a multiple of a string": {forRequest[struct {
			X string `json:"x" multipleOf:"2"`
		}](none), []string{"multipleOf tag: string is no number"}},
		"a bad rule of a result":         {forResult[int]("nonsense"), []string{"Func f: the rules of the result", `"nonsense"`}},
		"a result's rule of neighbours":  {forResult[int]("eqfield=X"), []string{"a result has none beside it"}},
		"a rule of a result that is one": {forResult[struct{ X int }]("gt=0"), []string{`"gt=0" cannot be checked`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := row.compile()
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range row.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestLegalTypes: what looks odd and is right.
func TestLegalTypes(t *testing.T) {
	o := typed.Options{}
	for name, compile := range map[string]func() error{
		"no parameters": forRequest[dasf.None](o),
		"a pointer to the parameters": forRequest[*struct {
			X int `json:"x"`
		}](o),
		"a defaulted field before a required one": forRequest[struct {
			X int `json:"x" default:"1"`
			Y int `json:"y"`
		}](o),
		"names with an alias": forRequest[struct {
			A int `json:"lat-lon" alias:"lat_lon"`
			B int `json:"2x" alias:"two_x"`
			C int `json:"_c" alias:"c"`
			D int `json:"model_d" alias:"d"`
			E int `json:"copy" alias:"copy_"`
			F int `json:"class" alias:"class_"`
		}](o),
		"a recursive type":           forResult[Node](),
		"types that need each other": forResult[Left](),
		"a map by a text type":       forResult[map[dasf.UUID]int](),
		"a custom rule": func() error {
			v := validator.New(validator.WithRequiredStructEnabled())
			if err := v.RegisterValidation("even", func(fl validator.FieldLevel) bool { return fl.Field().Int()%2 == 0 }); err != nil {
				return err
			}
			return forRequest[struct {
				X int `json:"x" validate:"even"`
			}](typed.Options{Validator: v})()
		},
		"a result's rules": forResult[[]float64]("min=1", "dive,gte=0"),
		"default of a named type": forRequest[struct {
			X Color   `json:"x" default:"red"`
			Y *Level  `json:"y" default:"2"`
			Z Address `json:"z" default:"{\"street\":\"s\"}"`
		}](o),
	} {
		t.Run(name, func(t *testing.T) {
			if err := compile(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCompilerGoesOnAfterAnError: what failed half way must not be found in the cache.
func TestCompilerGoesOnAfterAnError(t *testing.T) {
	type bad struct {
		Next *bad     `json:"next"`
		C    chan int `json:"c"`
	}
	c := typed.NewCompiler(typed.Options{})
	for range 2 {
		if _, err := typed.For[bad](c, "the type"); err == nil {
			t.Fatal("no error")
		}
	}
	k, err := typed.For[Node](c, "the type")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Decode([]byte(`{"name":"a"}`), typed.DecodeOptions{}); err != nil {
		t.Error(err)
	}
}
