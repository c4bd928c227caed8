"""The front door: `%%kusciajob`. A cell becomes one typed call on a Cluster, and a Job comes back. No logic here."""
