"""Tables on the local disk: unpacked, taken out of their workbooks by a separate process, and written as they are sent."""
