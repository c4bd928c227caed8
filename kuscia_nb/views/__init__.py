"""What a person sees. Every view is plain text and static HTML made from a `Job`; none holds state."""
