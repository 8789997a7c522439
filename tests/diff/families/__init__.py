# SPDX-License-Identifier: BSD-2-Clause
"""Every file here is imported; what has @family over it is a family of cases."""
import importlib
import os
import pkgutil

for module in sorted(m.name for m in pkgutil.iter_modules([os.path.dirname(__file__)])):
    importlib.import_module(f"families.{module}")
