"""Acts, one module each: authorize, meter, recover. Awaits live here, arithmetic does not."""
