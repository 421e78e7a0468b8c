"""Runs a function for many arguments in other processes, on this machine or on a Ray cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

from mcu_vision.errors import UserError

Result = TypeVar("Result")
RETRIES = 3
"""How often a task is run again whose Ray worker was lost."""


def fan_out(
    function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], workers: int = 1, ray: str | None = None
) -> Iterator[tuple[int, Result]]:
    """Yield (number of the arguments, result), the first finished first.

    function: of a module, so that other processes find it. ray: address of a cluster, whose workers have the package;
    without, `workers` processes of this machine, or none but this one for 1. Raises UserError if Ray is not there.
    """
    if ray is not None:
        yield from _on_ray(function, arguments, ray)
    elif workers <= 1:
        for index, args in enumerate(arguments):
            yield index, function(*args)
    else:
        # Forked children would share the locks of torch's threads.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            futures = {pool.submit(function, *args): index for index, args in enumerate(arguments)}
            for future in as_completed(futures):
                yield futures[future], future.result()


def _on_ray(
    function: Callable[..., Result], arguments: Sequence[tuple[Any, ...]], address: str
) -> Iterator[tuple[int, Result]]:
    try:
        import ray
    except ModuleNotFoundError as error:
        raise UserError("--ray needs Ray: pip install 'mcu-vision[search]'") from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UserError(f"no Ray cluster at {address} ({error}); start one with `ray start --head`") from error
    remote = ray.remote(max_retries=RETRIES)(function)
    waiting = {remote.remote(*args): index for index, args in enumerate(arguments)}
    while waiting:
        done, _ = ray.wait(list(waiting), num_returns=1)
        index = waiting.pop(done[0])
        try:
            yield index, ray.get(done[0])
        except ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except ray.exceptions.RayError as error:
            raise UserError(f"task {index} failed on Ray {RETRIES + 1} times: {error}") from error
