"""Write the schema.json and api_info.json of every module in this folder.

    python -m venv V
    V/bin/pip install "demessaging[backend]==0.6.4" deprogressapi==0.4.3 \
        pydantic==2.14.4 xarray==2025.12.0 numpy==2.4.6 scipy==1.17.1
    V/bin/python testdata/golden/make.py
"""
import json
import pathlib
import runpy
import sys
import warnings

import demessaging
from demessaging.backend.module import BackendModule

warnings.simplefilter("ignore")
topic = {}
# A module names its topic in its call of main only.
demessaging.main = lambda messaging_config: topic.update(messaging_config)

for source in sorted(pathlib.Path(__file__).parent.glob("*/*.py")):
    runpy.run_path(str(source), run_name="__main__")
    sys.path.insert(0, str(source.parent))
    model = BackendModule.create_model(source.stem, messaging_config=dict(topic))
    sys.path.pop(0)
    for name, document in [
        ("schema", model.model_json_schema()),
        ("api_info", json.loads(model.get_api_info().model_dump_json())),
    ]:
        text = json.dumps(document, indent=2)
        (source.parent / f"{name}.json").write_text(text + "\n")
