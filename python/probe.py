"""Tells whether this Python can run jobs: ``python probe.py PACKAGE…`` prints one JSON object. It
has to run on any Python 3, so that one that is too old can be told so."""

import importlib
import importlib.util
import json
import os
import sys


def version_of_pyspark():
    """Read and not imported: an import takes half a second."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        return None
    for folder in spec.submodule_search_locations:
        path = os.path.join(folder, "version.py")
        if os.path.exists(path):
            scope = {}
            with open(path, encoding="utf-8") as file:
                exec(file.read(), scope)  # pylint: disable=exec-used
            return str(scope.get("__version__"))
    return None


def fault_of(package):
    try:
        importlib.import_module(package)
        return None
    except Exception as error:  # pylint: disable=broad-except
        return "%s: %s" % (type(error).__name__, error)


def main(packages):
    faults = {package: fault_of(package) for package in packages}
    found = {
        "version": list(sys.version_info[:3]),
        "executable": sys.executable,
        "pyspark": version_of_pyspark(),
        "py4j": importlib.util.find_spec("py4j") is not None,
        "missing": {package: fault for package, fault in faults.items() if fault},
        "pandas": importlib.util.find_spec("pandas") is not None,
        "pyarrow": importlib.util.find_spec("pyarrow") is not None,
    }
    # Last on the line, whatever a package prints while it is imported.
    print("\n" + json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
