"""Sources that run inside the sandbox. They go in as text over a descriptor; nothing here is ever
imported by the outside, and nothing here may import anything but the standard library."""
