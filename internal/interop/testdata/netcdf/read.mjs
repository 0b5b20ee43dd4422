// Prints what netcdfjs finds in NetCDF files, one JSON object a file.
//
//     node read.mjs NODE_MODULES FILE...
//
// netcdfjs gives the bytes of padding as values too, bytes without their sign,
// and characters with one; all three are mended here.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [modules, ...files] = process.argv.slice(2);
const { NetCDFReader } = await import(pathToFileURL(`${modules}/netcdfjs/lib/index.js`));

const signed = (type) => (x) => (type === "byte" ? (x << 24) >> 24 : typeof x === "string" ? x.charCodeAt(0) & 0xff : x);

function values(reader, variable) {
  const lengths = variable.dimensions.map((d) => reader.dimensions[d].size);
  const inner = lengths.slice(variable.record ? 1 : 0).reduce((a, b) => a * b, 1);
  const found = reader.getDataVariable(variable);
  if (!variable.record) return found.slice(0, inner).flat().map(signed(variable.type));
  // Text comes as one string a record, everything else as a list or a number.
  return found.flatMap((one) => (typeof one === "string" ? [...one.padEnd(inner, "\0")] : [one].flat()).slice(0, inner)).map(signed(variable.type));
}

for (const file of files) {
  const reader = new NetCDFReader(readFileSync(file));
  const attrs = (list) => Object.fromEntries(list.map((a) => [a.name, a.value]));
  const out = {
    dims: reader.dimensions ?? [],
    records: reader.recordDimension.length,
    attrs: attrs(reader.globalAttributes),
    vars: {},
  };
  for (const v of reader.variables ?? []) {
    out.vars[v.name] = { type: v.type, dims: v.dimensions.map((d) => reader.dimensions[d].name), attrs: attrs(v.attributes), values: values(reader, v) };
  }
  console.log(JSON.stringify(out));
}
