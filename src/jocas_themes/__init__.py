"""Label millions of online job offers with HR themes, from a few thousand LLM annotations."""

# What there is, and where it comes from, is in __init__.pyi: each name is imported when it is
# first used, as all of them together take longer than a command line should.
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
