"""sbom.py VERSION COMPILER COMPILER_VERSION CMAKE_VERSION: prints the software bill of materials
of a wheel, in CycloneDX 1.6 (PEP 770). Nothing of others is compiled into the package: the list has
the libraries that the runtime is linked to, and the tools that made it."""

import json
import sys
import sysconfig
import uuid

version, compiler, compiler_version, cmake_version = sys.argv[1:]
#: Shared libraries of the system that _native needs: tests/wheel compares them with the file.
LIBRARIES = ("ld-linux-x86-64.so.2", "libc.so.6", "libgcc_s.so.1", "libm.so.6", "libstdc++.so.6")
purl = f"pkg:pypi/hpystate@{version}"
tools = [
    (compiler, compiler_version),
    ("CMake", cmake_version),
    ("CPython", sysconfig.get_config_var("py_version")),
]
bill = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    # The same inputs give the same bill, as a build that can be repeated needs it.
    "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, repr((purl, tools)))}",
    "version": 1,
    "metadata": {
        "component": {
            "type": "library",
            "bom-ref": purl,
            "name": "hpystate",
            "version": version,
            "purl": purl,
            "licenses": [{"license": {"id": "MIT"}}],
        },
        "tools": {
            "components": [
                {"type": "application", "name": name, "version": found} for name, found in tools
            ]
        },
    },
    "components": [
        {
            "type": "library",
            "bom-ref": library,
            "name": library,
            "scope": "required",
            "description": "a shared library of the system; not in the wheel",
        }
        for library in LIBRARIES
    ],
    "dependencies": [{"ref": purl, "dependsOn": list(LIBRARIES)}],
    "compositions": [{"aggregate": "complete", "assemblies": [purl]}],
}
json.dump(bill, sys.stdout, indent=2)
print()
