"""Tables on the local disk: unpacked, extracted from workbooks by a separate process, and written in the form in which
they are sent."""
