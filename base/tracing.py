"""Traces (OpenTelemetry) of what happens to a request, where an installation asks for them (the extra ``telemetry``).

Off, a span is one object that does nothing. On, a span tells its name, how long it took and what is in ``ABOUT``:
anything else is dropped, and of an exception only its type is told, so that no patient gets into a trace.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

ABOUT: Final = frozenset(
    {"method", "route", "status", "hook", "tenant", "release", "orders", "findings", "gaps", "faults", "error"}
)
"""What a span may tell beside its name; each is counted, or one of a closed list."""
_PARENT: Final = b"traceparent"
_LIBRARY: Final = "yigong"


class TracingError(Exception):
    """Traces cannot be made; the message says what to install."""


class _Nothing:
    """A span while traces are off."""

    __slots__ = ()

    def __enter__(self) -> _Nothing:
        return self

    def __exit__(self, *_: object) -> None: ...

    def tell(self, **about: str | int) -> None: ...

    def rename(self, name: str) -> None: ...


class _Span:
    """A span while traces are on."""

    __slots__ = ("_about", "_context", "_entered", "_name", "_span")

    def __init__(self, name: str, about: dict[str, Any], context: Context | None = None) -> None:
        self._name, self._about, self._context = name, about, context

    def __enter__(self) -> _Span:
        assert _tracer is not None
        quiet = {"record_exception": False, "set_status_on_exception": False}
        self._entered = _tracer.start_as_current_span(
            self._name, self._context, attributes=_allowed(self._about), **quiet
        )
        self._span = self._entered.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.tell(error=kind.__name__)
        self._entered.__exit__(kind, error, trace)

    def tell(self, **about: str | int) -> None:
        """What is known by now."""
        self._span.set_attributes(_allowed(about))

    def rename(self, name: str) -> None:
        """What it turned out to be."""
        self._span.update_name(name)


Span: TypeAlias = _Span | _Nothing
_NOTHING: Final = _Nothing()
_tracer: Any = None


def span(name: str, **about: str | int) -> Span:
    """A part of what is going on, as a context."""
    return _NOTHING if _tracer is None else _Span(name, about)


def request_span(headers: Iterable[tuple[bytes, bytes]]) -> Span:
    """The whole of a request; the trace of a caller that has one goes on in it (W3C Trace Context)."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name == _PARENT}
    return _Span("request", {}, TraceContextTextMapPropagator().extract(given))


def _allowed(about: dict[str, Any]) -> dict[str, Any]:
    return {f"yigong.{name}": value for name, value in about.items() if name in ABOUT}


def is_on() -> bool:
    """Whether traces are made."""
    return _tracer is not None


def check() -> None:
    """Whether traces can be made here. Raises ``TracingError``."""
    try:
        for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
            import_module(name)
    except ImportError as error:
        told = "YIGONG_TRACES_URL is set, but traces need more: pip install 'yigong[telemetry]'"
        raise TracingError(told) from error


def begin(url: str, share: float) -> None:
    """Send a share of all traces to a collector (OTLP over HTTP, ``http://127.0.0.1:4318/v1/traces``) from now on.
    Raises ``TracingError``."""
    check()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = _provider(share)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(url)))
    _use(provider)


def begin_with(exporter: SpanExporter) -> None:
    """Hand every span to an exporter as soon as it ends."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = _provider(1.0)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    _use(provider)


def _provider(share: float) -> TracerProvider:
    """A share is decided by the trace's id alone: no caller decides it for us."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    return TracerProvider(TraceIdRatioBased(share), Resource({SERVICE_NAME: _LIBRARY}))


def _use(provider: TracerProvider) -> None:
    global _tracer
    _tracer = provider.get_tracer(_LIBRARY)


def end() -> None:
    """Make no more traces."""
    global _tracer
    _tracer = None
