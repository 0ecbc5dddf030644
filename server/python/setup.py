"""Says that the wheel holds a program: one for each platform, for any Python 3. pyproject.toml has the rest."""

from setuptools import Distribution, setup
from wheel.bdist_wheel import bdist_wheel


class WithProgram(Distribution):
    """A package that belongs to one platform."""

    def has_ext_modules(self) -> bool:
        return True


class AnyPython(bdist_wheel):  # type: ignore[misc]  # wheel has no types
    """A wheel without a module that only one version of Python can load."""

    def get_tag(self) -> "tuple[str, str, str]":
        return ("py3", "none", super().get_tag()[2])


setup(distclass=WithProgram, cmdclass={"bdist_wheel": AnyPython})
