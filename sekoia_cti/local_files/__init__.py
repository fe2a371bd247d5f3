"""Tables on the local disk: unpacked, taken out of their workbooks by a process apart, and written as they are sent."""
