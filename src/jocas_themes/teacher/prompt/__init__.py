"""What is sent: the words, the examples, and the offer as it leaves this machine."""

from jocas_themes.teacher.prompt._example_source import ExampleSource, open_examples
from jocas_themes.teacher.prompt._outgoing import OutgoingText, prepare_text
from jocas_themes.teacher.prompt._prompt import PROMPT_VERSION, build_response_format
from jocas_themes.teacher.prompt._requests import RequestBuilder

__all__ = [
    "PROMPT_VERSION",
    "ExampleSource",
    "OutgoingText",
    "RequestBuilder",
    "build_response_format",
    "open_examples",
    "prepare_text",
]
